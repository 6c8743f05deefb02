"""The servers that are measured, each a process group of its own that ends with the bench."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import services
from .places import BENCH, MADE, TARGET

# Nobody real is refused by any of these; every request is counted against them all the same.
RATES = {
    "ROOST_RATE_OPERATIONS": "1000000000, 1000000/1s",
    "ROOST_RATE_ANONYMOUS_OPERATIONS": "1000000000, 1000000/1s",
    "ROOST_RATE_TWEETS": "1000000000, 1000000/1s",
    "ROOST_RATE_LOG_INS": "1000000000, 1000000/1s",
    "ROOST_RATE_LOG_INS_BY_ADDRESS": "1000000000, 1000000/1s",
}


@dataclass
class Server:
    name: str
    port: int
    process: subprocess.Popen
    # The database that it reads, if statements can be counted there.
    database: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def processes(self) -> list[int]:
        listing = subprocess.run(["ps", "-o", "pid=", "--sid", str(self.process.pid)], text=True, stdout=subprocess.PIPE)
        return [int(line) for line in listing.stdout.split()]

    def memory(self, which: str = "VmHWM") -> int:
        """The most memory that it has had so far (VmHWM) or has now (VmRSS), in bytes, of all its processes together."""
        total = 0
        for process in self.processes():
            status = Path(f"/proc/{process}/status").read_text()
            total += sum(int(line.split()[1]) << 10 for line in status.split("\n") if line.startswith(f"{which}:"))
        return total

    def forget_peak(self) -> None:
        """VmHWM counts from now on."""
        for process in self.processes():
            Path(f"/proc/{process}/clear_refs").write_text("5")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def roost(binary: Path, name: str, port: int, database: str | Path) -> Server:
    """On PostgreSQL, Redis and RabbitMQ if the database has a name, embedded if it is a data directory."""
    environment = RATES | {"ROOST_LISTEN": f"127.0.0.1:{port}", "ROOST_LOG": "warn", "ROOST_PUBLIC_URL": "http://127.0.0.1:8100"}
    if isinstance(database, Path):
        environment |= {"ROOST_DATA_DIR": str(database)}
    else:
        environment |= {
            "ROOST_DATA_DIR": str(MADE / "nothing"),
            "ROOST_DATABASE_URL": services.database_url(database),
            "ROOST_REDIS_URL": services.url("redis"),
            "ROOST_REDIS_PREFIX": name,
            "ROOST_AMQP_URL": services.url("rabbitmq"),
            "ROOST_QUEUE_PREFIX": name,
        }
    server = _start(name, port, [binary, "serve"], environment, "/health/ready")
    server.database = None if isinstance(database, Path) else database
    return server


def limit(mode: str, port: int, database: str) -> Server:
    urls = ["--database-url", services.database_url(database), "--redis-url", services.url("redis")]
    command = [TARGET / "release/limits", mode, "--listen", f"127.0.0.1:{port}", *urls]
    server = _start(f"limit-{mode}", port, command, {}, "/")
    server.database = database
    return server


def postgraphile(port: int, database: str) -> Server:
    """Two processes on one port."""
    folder = BENCH / "postgraphile"
    environment = {"DATABASE_URL": services.database_url(database), "PORT": str(port), "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    services.sql((folder / "setup.sql").read_text(), database)
    server = _start("postgraphile", port, [folder / "node_modules/.bin/node", folder / "server.js"], environment, "/")
    server.database = database
    return server


def _start(name: str, port: int, command: list, environment: dict[str, str], ready: str) -> Server:
    MADE.mkdir(parents=True, exist_ok=True)
    log = open(MADE / f"{name}.log", "w")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("ROOST_")}
    process = subprocess.Popen(
        command, env=clean | environment, cwd=MADE, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
    )
    server = Server(name, port, process)
    deadline = time.monotonic() + 60
    while not _answers(f"{server.url}{ready}"):
        if process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise SystemExit(f"bench: {name} does not come up; its log is {log.name}")
        time.sleep(0.1)
    return server


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
