"""What schemathesis has to know of roost: who asks, what a file is, and which errors there may be."""

import json
import os
import secrets

import requests
import schemathesis
from hypothesis import strategies
from schemathesis.graphql import nodes

URL = os.environ["ROOST_URL"]

# The codes of the contract, without those that say that the server failed.
CODES = {
    "BAD_USER_INPUT",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "NOT_FOUND",
    "TOO_COSTLY",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "IDEMPOTENCY_MISMATCH",
}

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { sessionToken } }"

# JSON holds no files, so whatever stands in the place of one has to be refused.
schemathesis.graphql.scalar("Upload", strategies.text(max_size=10).map(nodes.String))


@schemathesis.auth()
class Session:
    """Who is named; else somebody new, and somebody else once that session was ended by what the fuzzer did."""

    def get(self, case, context):
        if token := os.environ.get("ROOST_TOKEN"):
            return token
        username = "f" + secrets.token_hex(6)
        person = {"username": username, "email": f"{username}@example.org", "password": "correct horse battery"}
        response = requests.post(URL, json={"query": SIGN_UP, "variables": {"input": person}}, timeout=10)
        return response.json()["data"]["signUp"]["sessionToken"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.check
def answers_as_promised(ctx, response, case):
    """JSON, with `data` or errors that have a code of the contract, and none that is our fault."""
    assert response.status_code in (200, 400, 401), response.status_code
    answer = json.loads(response.content)
    assert set(answer) <= {"data", "errors", "extensions"}, set(answer)
    errors = answer.get("errors", [])
    assert errors or answer["data"] is not None, answer
    for error in errors:
        assert error["extensions"]["code"] in CODES, error
        assert 0 < len(error["message"]) <= 200, error
