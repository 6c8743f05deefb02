"""Load by wrk, and the figures of its runs."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .places import BENCH, made
from .servers import Server

THREADS = 2


@dataclass
class Load:
    """What is asked of whom."""

    server: Server
    name: str
    method: str
    path: str
    body: str | None
    tokens: Path

    def people(self) -> list[list[str]]:
        """Token, id and name of everybody, by their numbers."""
        return [line.split() for line in self.tokens.read_text().split("\n") if line]

    def run(self, connections: int, seconds: int) -> dict:
        """One run of wrk. Every figure of it in the units of the report: requests a second, milliseconds, bytes."""
        command = ["wrk", f"-t{min(THREADS, connections)}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
        command += ["-s", str(BENCH / "wrk/load.lua"), self.server.url, "--", str(self.tokens), self.method, self.path]
        if self.body is not None:
            command.append(str(made(f"{self.server.name}-{self.name}.json", self.body)))
        out = subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE).stdout
        told = json.loads(out.strip().split("\n")[-1])
        if told["failed"] or told["refused"]:
            raise SystemExit(f"bench: {self.server.name} did not answer all of {self.name}: {told}")
        return {
            "rate": told["requests"] / (told["microseconds"] / 1e6),
            "p50": told["p50"] / 1000,
            "p99": told["p99"] / 1000,
            "max": told["max"] / 1000,
            "bytes": told["bytes"] / max(told["requests"], 1),
        }
