"""The figures as tables, and into docs/benchmarks.md."""

import json
import re
from statistics import median

from . import plot
from .bench import SYSTEMS, WORKLOADS
from .figures import MILLION, of, ratios, runs
from .places import BENCH, ROOT

DOCUMENT = ROOT / "docs/benchmarks.md"
PLOTS = ROOT / "docs/benchmarks"


def text(results: dict) -> str:
    parts = [_ratios(results), _runs(results), _fanout(results), _live(results), _bombs(results), _machine(results)]
    return "\n\n".join(part for part in parts if part)


def write(results: dict) -> None:
    """Puts the tables between the marks of the document, draws the plots, and keeps the figures."""
    PLOTS.mkdir(exist_ok=True)
    for workload in ("home-lean", "home-full"):
        rates = {system: of(results, "rate", system, workload) for system in SYSTEMS}
        drawing = plot.bars(f"{workload}, requests a second, 32 connections", rates)
        (PLOTS / f"{workload}.svg").write_text(drawing)
    marked = re.compile(r"(<!-- figures: begin[^>]*-->\n).*?(<!-- figures: end -->)", re.DOTALL)
    plots = "\n\n".join(f"![{workload}, requests a second](benchmarks/{workload}.svg)" for workload in ("home-lean", "home-full"))
    figures = f"{text(results)}\n\n{plots}\n\nAll figures of all runs are in [bench/results.json](../bench/results.json)."
    DOCUMENT.write_text(marked.sub(lambda found: f"{found[1]}\n{figures}\n\n{found[2]}", DOCUMENT.read_text()))
    (BENCH / "results.json").write_text(json.dumps(_rounded(results), indent=1, ensure_ascii=False) + "\n")
    print(f"bench: wrote {DOCUMENT.relative_to(ROOT)}")


def _ratios(results: dict) -> str:
    rows = [
        [ratio.name, f"**{ratio.shown(ratio.value)}**", f"{ratio.sign} {ratio.shown(ratio.bound)}", "yes" if ratio.is_met() else "no"]
        for ratio in ratios(results)
    ]
    return _table(["ratio", "measured", "promised", "met"], rows)


def _runs(results: dict) -> str:
    head = ["system", "workload", "connections", "requests/s: min", "median", "max", "p50 ms", "p99 ms", "answer bytes", "peak MiB", "statements", "Redis"]
    counted = {(row["system"], row["workload"]): row for row in results["statements"]}
    rows = []
    for workload in WORKLOADS:
        for connections in sorted({run["connections"] for run in results["runs"]}, reverse=True):
            for system in SYSTEMS:
                found = runs(results, system, workload, connections)
                if not found:
                    continue
                rates = sorted(run["rate"] for run in found)
                each = counted.get((system, workload), {})
                rows.append([
                    system, workload, connections, *(f"{rate:,.0f}" for rate in (rates[0], median(rates), rates[-1])),
                    *(f"{median(run[figure] for run in found):,.1f}" for figure in ("p50", "p99")),
                    f"{median(run['bytes'] for run in found):,.0f}", f"{max(run['memory'] for run in found) / MILLION:,.0f}",
                    *(f"{each[figure]:.1f}" if figure in each else "" for figure in ("statements", "commands")),
                ])
    return _table(head, rows)


def _fanout(results: dict) -> str:
    if not (found := results.get("fan-out")):
        return ""
    head = ["fan-out", "min", "median", "max"]
    rows = [
        ["entries a second by roost, while user 1 posts", *_spread(found["entries"])],
        ["entries a second by INSERT .. SELECT, one connection", *_spread(found["limit"])],
        ["tweets of user 1 a second", *_spread(found["posts"])],
        ["seconds until the last is delivered", *_spread(found["behind"], 1)],
    ]
    names = {"quiet": "alone", "pair": "while somebody with 50 followers posts", "busy": "while user 1 posts"}
    for when, name in names.items():
        for figure in ("p50", "p99"):
            rows.append([f"{figure} of others' posts {name}, ms", *_spread([run[figure] for run in found[when]], 1)])
    return _table(head, rows)


def _live(results: dict) -> str:
    head = ["subscribers", "min ms", "p50 ms", "p99 ms", "max ms", "seconds to connect all", "server's MiB", "KiB a subscriber"]
    rows = [
        [
            f"{live['subscribers']:,}", *(f"{live[figure]:,.0f}" for figure in ("min", "p50", "p99", "max")),
            f"{live['connected']:.1f}", f"{live['memory'] / MILLION:,.0f}", f"{live['each'] / 1024:.1f}",
        ]
        for live in results.get("live", [])
    ]
    return _table(head, rows)


def _bombs(results: dict) -> str:
    head = ["bomb", "by", "min ms", "median ms", "max ms", "bytes of answer"]
    rows = [
        [bomb["bomb"], bomb["transport"], *(f"{bomb[figure]:.2f}" for figure in ("min", "median", "max")), f"{bomb['bytes']:,}"]
        for bomb in results.get("bombs", [])
    ]
    return _table(head, rows)


def _machine(results: dict) -> str:
    pace = results["pace"]
    rows = [[name, value] for name, value in results["machine"].items()]
    rows.append(["each", f"{pace['runs']} runs of {pace['seconds']} s after {pace['warm_up']} s of warm-up"])
    return _table(["machine and versions", ""], rows)


def _spread(figures: list[float], digits: int = 0) -> list[str]:
    return [f"{figure:,.{digits}f}" for figure in (min(figures), median(figures), max(figures))]


def _table(head: list[str], rows: list[list]) -> str:
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(value, 3) if isinstance(value, float) else value
