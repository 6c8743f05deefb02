"""Requests one after the other: what is answered, and how many statements and commands each takes."""

import http.client
import json
import sqlite3
import time
from pathlib import Path

from . import services
from .load import Load

REQUESTS = 400


def answer(load: Load, number: int) -> bytes:
    """What the user of this number is answered."""
    return ask(http.client.HTTPConnection("127.0.0.1", load.server.port), load, load.people()[number])


def contents(load: Load, number: int) -> list:
    """What the tweets of the feed say, with what the comments under them say, whatever shape the answer has."""
    data = json.loads(answer(load, number))["data"]
    nodes = (data.get("viewer") or data)["homeFeed"]["nodes"]
    return [[node["content"], [comment["content"] for comment in node.get("comments", {"nodes": []})["nodes"]]] for node in nodes]


def statements(load: Load, database: str) -> dict[str, float]:
    """A request's statements of PostgreSQL (pg_stat_statements), BEGIN and COMMIT among them, and its commands of Redis; those of
    the work that it leaves to the background included, those that the server does anyway taken off."""
    people = load.people()
    connection = http.client.HTTPConnection("127.0.0.1", load.server.port)
    for person in people[:REQUESTS]:
        ask(connection, load, person)
    drain(database)
    before, started = _counts(database), time.monotonic()
    time.sleep(3)
    idle = [(after - first) / (time.monotonic() - started) for first, after in zip(before, _counts(database))]
    before, started = _counts(database), time.monotonic()
    for person in people[:REQUESTS]:
        ask(connection, load, person)
    drain(database)
    took = time.monotonic() - started
    counted = [after - first - each * took for first, after, each in zip(before, _counts(database), idle)]
    return dict(zip(("statements", "commands"), (max(number / REQUESTS, 0) for number in counted)))


def drain(database: str | Path) -> float:
    """Waits until all background work is done, and returns for how many seconds."""
    started = time.monotonic()
    while _pending(database):
        if time.monotonic() - started > 600:
            raise SystemExit(f"bench: the background work of {database} does not come to an end")
        time.sleep(0.05)
    return time.monotonic() - started


def _pending(database: str | Path) -> int:
    text = "SELECT COUNT(*) FROM outbox"
    if isinstance(database, str):
        return int(services.sql(text, database))
    connection = sqlite3.connect(f"file:{database}/roost.db?mode=ro", uri=True)
    try:
        return connection.execute(text).fetchone()[0]
    finally:
        connection.close()


def _counts(database: str) -> tuple[int, int]:
    text = f"""SELECT COALESCE(SUM(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE datname = '{database}' AND query NOT LIKE 'SELECT COUNT(*) FROM outbox%'"""
    return int(services.sql(text, database)), services.redis_commands()


def ask(connection: http.client.HTTPConnection, load: Load, person: list[str]) -> bytes:
    token, viewer, username = person
    sent = load.body.replace("VIEWER", viewer).replace("USERNAME", username) if load.body else None
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(load.method, load.path, sent, headers)
    answered = connection.getresponse()
    text = answered.read()
    if answered.status != 200 or b'"errors"' in text:
        raise SystemExit(f"bench: {load.server.name} answers {answered.status}: {text[:500]!r}")
    return text
