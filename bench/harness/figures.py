"""From the figures of all runs to medians and ratios."""

from dataclasses import dataclass
from statistics import median

from .bench import EMBEDDED, FEW, LIMIT, MANY, ROOST, TENFOLD

MILLION = 1 << 20


@dataclass
class Ratio:
    """A figure that matters, and how it has to be: at least or at most the bound."""

    name: str
    value: float
    sign: str
    bound: float
    unit: str = ""

    def is_met(self) -> bool:
        return self.value >= self.bound if self.sign == "≥" else self.value <= self.bound

    def shown(self, number: float) -> str:
        return f"{number:,.0f}{self.unit}" if self.unit else f"{number:,.2f}"


def runs(results: dict, system: str, workload: str, connections: int | None = None) -> list[dict]:
    return [
        run
        for run in results["runs"]
        if (run["system"], run["workload"]) == (system, workload) and connections in (None, run["connections"])
    ]


def of(results: dict, figure: str, system: str, workload: str, connections: int = MANY) -> float | None:
    """The median of all runs; none if there was none."""
    found = [run[figure] for run in runs(results, system, workload, connections)]
    return median(found) if found else None


def ratios(results: dict) -> list[Ratio]:
    """Those that the project has promised itself, as far as they were measured."""
    found: list[Ratio] = []

    def add(name: str, upper: float | None, lower: float | None, sign: str, bound: float) -> None:
        if upper is not None and lower:
            found.append(Ratio(name, upper / lower, sign, bound))

    def rate(system: str, workload: str, connections: int = MANY) -> float | None:
        return of(results, "rate", system, workload, connections)

    for workload in ("home-lean", "home-full"):
        add(f"{workload}: roost to L", rate(ROOST, workload), rate(LIMIT, workload), "≥", 0.6)
    for workload in ("home-lean", "home-full"):
        add(f"{workload}: roost to PostGraphile", rate(ROOST, workload), rate("PostGraphile", workload), "≥", 5)
    for workload in ("home-lean", "home-full", "post"):
        add(f"{workload}: SQLite embedded to PostgreSQL and Redis", rate(EMBEDDED, workload), rate(ROOST, workload), "≥", 0.5)
    for workload in ("home-lean", "home-full", "post"):
        add(f"{workload}: 8 connections to 32", rate(ROOST, workload, FEW), rate(ROOST, workload), "≥", 0.6)
    for workload in ("home-lean", "home-full", "post"):
        p99, p50 = of(results, "p99", ROOST, workload), of(results, "p50", ROOST, workload)
        add(f"{workload}: p99 to p50", p99, p50, "≤", 4)
    for workload in ("home-lean", "home-full", "post"):
        add(f"{workload}: ten times the people to the small set", rate(TENFOLD, workload), rate(ROOST, workload), "≥", 0.85)
    if fanout := results.get("fan-out"):
        add("fan-out: roost to INSERT .. SELECT", median(fanout["entries"]), median(fanout["limit"]), "≥", 0.7)
        for figure in ("p50", "p99"):
            busy, quiet = (median(run[figure] for run in fanout[when]) for when in ("busy", "quiet"))
            add(f"post: {figure} while user 1 posts without pause to {figure} without", busy, quiet, "≤", 1.2)
    if ROOST in results["memory"] and results.get("fan-out"):
        found.append(Ratio("memory after all of it, without subscribers", results["memory"][ROOST] / MILLION, "≤", 150, " MiB"))
    for live in results.get("live", []):
        found.append(Ratio(f"live: p99 of one event to {live['subscribers']:,} subscribers", live["p99"], "≤", 1_000, " ms"))
    if bombs := results.get("bombs"):
        found.append(Ratio("bombs: the slowest median answer", max(bomb["median"] for bomb in bombs), "≤", 5, " ms"))
        found.append(Ratio("bombs: the longest answer", max(bomb["bytes"] for bomb in bombs) / 1024, "≤", 20, " KiB"))
    return found
