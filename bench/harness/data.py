"""The workload's data, made once and kept, and copied for every run, so that all runs begin with the same."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import time
from functools import cache
from pathlib import Path

from . import services
from .places import MADE, ROOT, made, token

# What a made database depends on: when one of these changes, it is made anew.
SOURCES = ["migration", "src/service/bulk.rs", "src/service/plan.rs", "src/cli/seed", "bench/harness/data.py"]

# Everybody has a nickname and an avatar; its file is not there, and nobody asks for it.
PROFILES = """UPDATE profile SET nickname = 'Somebody ' || (user_id % 1000),
    avatar = '3f/' || substr('000000000000000000000000000000' || user_id, -30) || '.jpg'"""

# Otherwise each session would be written once, when it is seen for the first time.
FRESH = "UPDATE session SET created_at = ?, last_seen_at = ?"
IDS = "SELECT id FROM users ORDER BY id"


def version() -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def in_postgres(roost: Path, preset: str) -> str:
    """A fresh copy of the data; returns the database's name."""
    template = f"{preset}-{version()}"
    names = services.sql("SELECT datname FROM pg_database").split("\n")
    for stale in names:
        if stale.startswith(f"{preset}-") and stale != template:
            services.sql(f'DROP DATABASE "{stale}" WITH (FORCE)')
    if template not in names:
        making = f"{preset}-making"
        services.sql(f'CREATE DATABASE "{making}"')
        _seed(roost, preset, {"ROOST_DATABASE_URL": services.database_url(making)})
        last = PROFILES.replace("substr(", "right(").replace(", -30)", ", 30)")
        rows = "\n".join("\t".join(map(str, row)) for row in _sessions(_people(services.sql(IDS, making).split("\n"))))
        services.sql(f"{last};\nCOPY session FROM stdin;\n{rows}\n\\.\nCREATE EXTENSION pg_stat_statements;", making)
        services.sql("VACUUM (FREEZE, ANALYZE)", making)
        services.sql(f'ALTER DATABASE "{making}" RENAME TO "{template}"')
    copy = f"bench-{preset}"
    services.sql(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
    services.sql(f'CREATE DATABASE "{copy}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    services.sql(f"{FRESH.replace('?', str(_now()))}; CHECKPOINT", copy)
    return copy


def in_sqlite(roost: Path, preset: str) -> Path:
    """A fresh copy of the data; returns the data directory."""
    template = MADE / f"{preset}-{version()}.db"
    folder = MADE / "data"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not template.exists():
        for stale in MADE.glob(f"{preset}-*.db"):
            stale.unlink()
        _seed(roost, preset, {"ROOST_DATA_DIR": str(folder)})
        connection = sqlite3.connect(folder / "roost.db")
        connection.execute(PROFILES)
        people = _people([row[0] for row in connection.execute(IDS)])
        connection.executemany("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)", _sessions(people))
        connection.commit()
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        (folder / "roost.db").rename(template)
        shutil.rmtree(folder)
        folder.mkdir()
    shutil.copy(template, folder / "roost.db")
    connection = sqlite3.connect(folder / "roost.db")
    connection.execute(FRESH.replace("?", str(_now())))
    connection.commit()
    connection.close()
    return folder


@cache
def tokens(database: str | Path) -> Path:
    """A file of all session tokens, each with the id and the name of its user."""
    text = "SELECT id, username FROM users ORDER BY id"
    if isinstance(database, Path):
        name, people = "embedded", [f"{row[0]} {row[1]}" for row in sqlite3.connect(database / "roost.db").execute(text)]
    else:
        name, people = database, services.sql(text, database).replace("|", " ").split("\n")
    return made(f"{name}.tokens", "".join(f"{token(number)} {person}\n" for number, person in enumerate(people)))


def _people(ids: list) -> list[int]:
    return [int(identity) for identity in ids]


def _sessions(people: list[int]):
    """A session of everybody, whose ids are theirs: nothing else that has an id is a session."""
    now = _now()
    for number, user in enumerate(people):
        digest = hashlib.sha256(token(number).encode()).hexdigest()
        yield user, user, digest, "bench", now, now


def _now() -> int:
    return int(time.time() * 1000)


def _seed(roost: Path, preset: str, environment: dict[str, str]) -> None:
    started = time.monotonic()
    MADE.mkdir(parents=True, exist_ok=True)
    command = [roost, "seed", "--preset", preset]
    subprocess.run(command, env=os.environ | {"ROOST_LOG": "warn"} | environment, check=True, stdout=subprocess.DEVNULL, cwd=MADE)
    print(f"made {preset} in {time.monotonic() - started:.0f} s", flush=True)
