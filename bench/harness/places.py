"""Where things are, and what is asked."""

import base64
import hashlib
import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
# What the bench makes and may be deleted.
MADE = TARGET / "bench"

AUTHOR = "author { username profile { nickname avatarUrl } }"
TWEET = f"id content createdAt {AUTHOR} likeCount commentCount viewerHasLiked"
COMMENTS = f"comments(first: 3) {{ nodes {{ id content createdAt {AUTHOR} }} }}"

LEAN = f"{{ viewer {{ homeFeed(first: 20) {{ nodes {{ {TWEET} }} }} }} }}"
FULL = f"{{ viewer {{ homeFeed(first: 20) {{ nodes {{ {TWEET} {COMMENTS} }} }} }} }}"
# The same in PostGraphile's words. wrk/load.lua puts the id of whoever asks in the place of VIEWER.
PG_VARIABLES = {"viewer": "VIEWER"}
PG_AUTHOR = "author { username profile { nickname avatar } }"
PG_TWEET = f"id content createdAt {PG_AUTHOR} stats {{ likeCount commentCount }} likedBy(viewer: $viewer)"
PG_COMMENTS = f"comments(first: 3, orderBy: ROW_ID_DESC) {{ nodes {{ id content createdAt {PG_AUTHOR} }} }}"
PG_LEAN = f"query ($viewer: BigInt!) {{ homeFeed(viewer: $viewer, first: 20) {{ nodes {{ {PG_TWEET} }} }} }}"
PG_FULL = f"query ($viewer: BigInt!) {{ homeFeed(viewer: $viewer, first: 20) {{ nodes {{ {PG_TWEET} {PG_COMMENTS} }} }} }}"

POST = "mutation ($content: String!) { createTweet(input: { content: $content }) { tweet { id } userErrors { message } } }"
LOG_IN = "mutation { logIn(input: { login: \"USERNAME\", password: \"roost-seed\" }) { sessionToken userErrors { message } } }"
# As long as those of the workload.
CONTENT = "The benchmark says: " + "there is nothing like an empty train at night. " * 2 + "A pause."


def body(query: str, variables: dict | None = None) -> str:
    return json.dumps({"query": query} | ({"variables": variables} if variables else {}))


def token(number: int) -> str:
    """The session token of the user of this number, counted by their ids."""
    digest = hashlib.sha256(f"roost bench {number}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def made(name: str, text: str) -> Path:
    """A file of ours with this text."""
    MADE.mkdir(parents=True, exist_ok=True)
    path = MADE / name
    path.write_text(text)
    return path
