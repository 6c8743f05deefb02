"""Which workload is run on which system, in which order, and the figures of each."""

from dataclasses import dataclass
from pathlib import Path

from . import bombs, count, data, fanout, live, services
from .load import Load
from .places import CONTENT, FULL, LEAN, LOG_IN, PG_FULL, PG_LEAN, PG_VARIABLES, POST, TARGET, body
from .servers import Server, limit, postgraphile, roost

ROOST, EMBEDDED, TENFOLD, LIMIT = "roost", "roost embedded", "roost tenfold", "L"
SYSTEMS = [ROOST, EMBEDDED, TENFOLD, LIMIT, "rows", "one statement", "PostGraphile"]
MODES = {LIMIT: "cached", "rows": "rows", "one statement": "sql"}
WORKLOADS = ["home-lean", "home-full", "bombs", "log-in", "post", "fan-out", "live"]

MANY, FEW, HASHING = 32, 8, 4
SUBSCRIBERS = [1_000, 10_000]


@dataclass
class Pace:
    """How often and how long, in seconds."""

    runs: int
    warm_up: int
    seconds: int


class Bench:
    def __init__(self, pace: Pace, workloads: list[str], systems: list[str]):
        self.pace = pace
        self.workloads = workloads
        self.systems = systems
        self.servers: dict[str, Server] = {}
        self.databases: dict[str, str | Path] = {}
        self.results: dict = {"runs": [], "statements": [], "memory": {}, "pace": vars(pace)}

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()

    def measure(self) -> dict:
        """Reads first: what is written later would change them."""
        self._start()
        self._check()
        for workload in ["home-lean", "home-full"]:
            if workload in self.workloads:
                self._loads(workload, MANY, self.systems)
                self._loads(workload, FEW, [ROOST, EMBEDDED])
                self._count(workload)
        main = self.servers.get(ROOST)
        if main and "bombs" in self.workloads:
            say("bombs")
            self.results["bombs"] = bombs.measure(main)
        if "log-in" in self.workloads:
            self._loads("log-in", HASHING, [ROOST])
        if "post" in self.workloads:
            self._loads("post", MANY, [ROOST, EMBEDDED, TENFOLD])
            self._loads("post", FEW, [ROOST])
            self._count("post")
        if main and "fan-out" in self.workloads:
            self.results["fan-out"] = fanout.measure(main, self.pace, self._load(ROOST, "post"))
        self.results["memory"] = {name: server.memory("VmHWM") for name, server in self.servers.items()}
        if main and "live" in self.workloads:
            self.results["live"] = [live.measure(main, number) for number in SUBSCRIBERS]
        return self.results

    def _start(self) -> None:
        binary = TARGET / "release/roost"
        services.flush_redis()
        small = None
        if any(name not in (EMBEDDED, TENFOLD) for name in self.systems):
            small = data.in_postgres(binary, "social-s")
        for place, name in enumerate(self.systems):
            port = 8100 + place
            match name:
                case "roost embedded":
                    database = data.in_sqlite(binary, "social-s")
                    server = roost(binary, "embedded", port, database)
                case "roost tenfold":
                    database = data.in_postgres(binary, "social-m")
                    server = roost(binary, "tenfold", port, database)
                case "roost":
                    database, server = small, roost(binary, "roost", port, small)
                case "PostGraphile":
                    database, server = small, postgraphile(port, small)
                case _:
                    database, server = small, limit(MODES[name], port, small)
            say(f"{name} listens on port {port}")
            self.servers[name], self.databases[name] = server, database

    def _check(self) -> None:
        """All have to answer the same, or nothing that is measured means anything."""
        for workload in ["home-lean", "home-full"]:
            loads = {name: self._load(name, workload) for name in self.systems}
            for number in range(0, 2_000, 100):
                answers = {name: count.contents(load, number) for name, load in loads.items()}
                same = [answers[name] for name in self.systems if self.databases[name] == self.databases.get(ROOST)]
                if any(answer != same[0] for answer in same) or any(len(answer) != 20 for answer in answers.values()):
                    raise SystemExit(f"bench: not all answer the same to user {number}: {answers}")
        if LIMIT in self.servers and ROOST in self.servers:
            ours, theirs = (count.answer(self._load(name, "home-full"), 0) for name in (ROOST, LIMIT))
            if ours != theirs:
                raise SystemExit("bench: L does not answer what roost answers")

    def _loads(self, workload: str, connections: int, systems: list[str]) -> None:
        """All systems in turn, and that several times: what disturbs the machine for a while disturbs them all."""
        systems = [name for name in systems if name in self.servers]
        for run in range(self.pace.runs):
            for name in systems:
                load = self._load(name, workload)
                if run == 0:
                    load.server.forget_peak()
                # Ten times as many have to come once.
                load.run(connections, self.pace.warm_up * (10 if name == TENFOLD else 1))
                figures = load.run(connections, self.pace.seconds)
                # wrk looks at the status alone, and an answer with errors has 200 as well.
                if len(count.answer(load, 0)) > 2 * figures["bytes"]:
                    raise SystemExit(f"bench: {name} answers {workload} with {figures['bytes']:.0f} bytes on average")
                figures |= {"system": name, "workload": workload, "connections": connections}
                if workload == "post":
                    figures["behind"] = self._drain(name)
                figures["memory"] = load.server.memory("VmHWM")
                self.results["runs"].append(figures)
                say(f"{workload}, {connections} connections, {name}: {figures['rate']:,.0f}/s")

    def _count(self, workload: str) -> None:
        for name in [name for name in self.systems if isinstance(self.databases[name], str)]:
            if workload == "post" and name not in (ROOST, TENFOLD):
                continue
            counted = count.statements(self._load(name, workload), str(self.databases[name]))
            self.results["statements"].append({"system": name, "workload": workload} | counted)

    def _drain(self, name: str) -> float:
        return count.drain(self.databases[name])

    def _load(self, name: str, workload: str) -> Load:
        server, tokens = self.servers[name], data.tokens(self.databases[name])
        if name in MODES:
            return Load(server, workload, "GET", f"/{workload}", None, tokens)
        if name == "PostGraphile":
            query = {"home-lean": PG_LEAN, "home-full": PG_FULL}[workload]
            return Load(server, workload, "POST", "/graphql", body(query, PG_VARIABLES), tokens)
        query = {"home-lean": LEAN, "home-full": FULL, "log-in": LOG_IN, "post": POST}[workload]
        return Load(server, workload, "POST", "/graphql", body(query, {"content": CONTENT} if workload == "post" else None), tokens)


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)
