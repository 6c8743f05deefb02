"""PostgreSQL, Redis and RabbitMQ, each on a port of the bench's own (scripts/services)."""

import os
import socket
import subprocess
import urllib.parse

from .places import ROOT

NAMES = ["postgres", "redis", "rabbitmq"]


def start() -> None:
    _script("start", *NAMES)


def stop() -> None:
    _script("stop", *NAMES)


def url(name: str) -> str:
    return _script("url", name).strip()


def database_url(database: str) -> str:
    return url("postgres").rsplit("/", 1)[0] + "/" + database


def sql(text: str, database: str = "postgres") -> str:
    """Runs statements, and returns the rows of the last one, columns divided by `|`."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", database_url(database)]
    return subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.PIPE).stdout.strip()


def redis_commands() -> int:
    """How many commands Redis has handled, those of scripts included."""
    return int(_ask_redis("INFO stats").split("total_commands_processed:")[1].split()[0])


def flush_redis() -> None:
    _ask_redis("FLUSHALL")


def _ask_redis(command: str) -> str:
    place = urllib.parse.urlparse(url("redis"))
    with socket.create_connection((place.hostname, place.port)) as stream:
        stream.sendall(command.encode() + b"\r\n")
        answer = stream.recv(65536)
        if answer.startswith(b"$"):
            length = int(answer[1 : answer.index(b"\r")])
            while len(answer) < length:
                answer += stream.recv(65536)
    return answer.decode()


def _script(*arguments: str) -> str:
    environment = os.environ | {"ROOST_SERVICES": "bench"}
    command = [ROOT / "scripts/services", *arguments]
    return subprocess.run(command, env=environment, text=True, check=True, stdout=subprocess.PIPE).stdout
