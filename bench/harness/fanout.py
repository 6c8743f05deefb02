"""Fan-out: what a star's tweets cost. User 1, whom all others follow, posts without pause."""

import http.client
import subprocess
import threading
import time

from . import count, services
from .load import Load
from .places import made
from .servers import Server

# Followers that a statement of the limit serves, as many as a message of roost's.
BATCH = 1_000

# By their numbers: user 1, and somebody with some 50 followers.
STAR, ORDINARY = 0, 77


def measure(server: Server, pace, post: Load) -> dict:
    """Entries a second by roost and by INSERT .. SELECT, and how long others' posts take: alone, beside an ordinary person's,
    beside user 1's."""
    database = str(server.database)
    star = int(post.people()[0][1])
    results: dict = {"entries": [], "posts": [], "behind": [], "limit": [], "quiet": [], "pair": [], "busy": []}
    for _ in range(pace.runs):
        results["limit"].append(_insert_select(database, star, pace.seconds))
        entries, posts, behind = _roost(post, database, star, pace.seconds)
        results["entries"].append(entries)
        results["posts"].append(posts)
        results["behind"].append(behind)
        results["quiet"].append(post.run(1, pace.seconds))
        count.drain(database)
        # What two who post take from each other, whoever they are.
        with Poster(post, ORDINARY):
            results["pair"].append(post.run(1, pace.seconds))
        count.drain(database)
        with Poster(post, STAR):
            results["busy"].append(post.run(1, pace.seconds))
        count.drain(database)
        _say(results)
    return results


class Poster:
    """Somebody who posts without pause, in a thread of its own for as long as it is entered."""

    def __init__(self, load: Load, number: int):
        self.load = load
        self.person = load.people()[number]
        self.posted = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._post)

    def __enter__(self) -> "Poster":
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()

    def _post(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.load.server.port)
        while not self.over.is_set():
            count.ask(connection, self.load, self.person)
            self.posted += 1


def _roost(post: Load, database: str, star: int, seconds: int) -> tuple[float, float, float]:
    """Entries and posts a second while user 1 posts, and for how many seconds the rest of the delivery goes on after that."""
    newest = services.sql(f"SELECT MAX(id) FROM tweet WHERE author_id = {star}", database)
    delivered = f"SELECT COUNT(*) FROM feed_entry WHERE author_id = {star} AND tweet_id > {newest} AND user_id <> {star}"
    with Poster(post, STAR) as poster:
        started = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - started
        # One statement sees one moment, however long it takes.
        entries = int(services.sql(delivered, database))
    return entries / took, poster.posted / took, count.drain(database)


def _insert_select(database: str, star: int, seconds: int) -> float:
    """What the database does on one connection, with a commit for each 1,000 entries and nothing else."""
    text = f"SELECT follower_id FROM follow WHERE followee_id = {star} AND pushed = 1 ORDER BY follower_id"
    followers = services.sql(text, database).split("\n")
    # Ids that no tweet has, below all that roost makes from now on: as here, a feed grows at its newest end.
    first = int(services.sql("SELECT MAX(tweet_id) FROM feed_entry", database)) + 1
    statements = []
    for tweet in range(first, first + 150 * seconds):
        for start in range(0, len(followers), BATCH):
            last = followers[min(start + BATCH, len(followers)) - 1]
            statements.append(
                f"INSERT INTO feed_entry (user_id, tweet_id, author_id) SELECT follower_id, {tweet}, {star} FROM follow"
                f" WHERE followee_id = {star} AND pushed = 1 AND follower_id >= {followers[start]} AND follower_id <= {last};"
            )
    script = made("insert-select.sql", "\n".join(statements))
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script), services.database_url(database)]
    started = time.monotonic()
    subprocess.run(command, check=True)
    took = time.monotonic() - started
    services.sql(f"DELETE FROM feed_entry WHERE author_id = {star} AND tweet_id BETWEEN {first} AND {first + 150 * seconds}", database)
    services.sql("VACUUM feed_entry", database)
    return 150 * seconds * len(followers) / took


def _say(results: dict) -> None:
    print(f"bench: fan-out, {results['entries'][-1]:,.0f} entries/s; INSERT .. SELECT {results['limit'][-1]:,.0f}", flush=True)
