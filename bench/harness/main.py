"""From the command line to the report."""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import replace

from . import machine, report, services
from .bench import SYSTEMS, WORKLOADS, Bench, Pace
from .places import BENCH, ROOT

WHOLE = Pace(runs=3, warm_up=3, seconds=10)
QUICK = Pace(runs=1, warm_up=1, seconds=3)


def main(description: str) -> None:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", nargs="*", help=", ".join(WORKLOADS))
    parser.add_argument("--quick", action="store_true", help="one run of 3 s each")
    parser.add_argument("--seconds", type=int, default=WHOLE.seconds, help="how long a run is, after a third of that to warm up")
    parser.add_argument("--on", metavar="SYSTEMS", default=",".join(SYSTEMS), help=", ".join(SYSTEMS))
    parser.add_argument("--no-build", action="store_true", help="measure what target/release has")
    options = parser.parse_args()
    workloads, systems = options.workload or list(WORKLOADS), options.on.split(",")
    unknown = set(workloads) - set(WORKLOADS) | set(systems) - set(SYSTEMS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    is_whole = not (options.workload or options.quick) and systems == list(SYSTEMS)

    _require("wrk", "wrk")
    services.start()
    if not options.no_build:
        build()
    if "PostGraphile" in systems:
        install()
    pace = QUICK if options.quick else replace(WHOLE, seconds=options.seconds, warm_up=max(1, options.seconds // 3))
    bench = Bench(pace, workloads, systems)
    try:
        results = bench.measure()
    finally:
        bench.stop()
    results["machine"] = machine.describe()
    print(report.text(results))
    if is_whole:
        report.write(results)


def build() -> None:
    command = [os.environ.get("CARGO", "cargo"), "build", "--locked", "--release", "--package", "roost", "--package", "limits"]
    subprocess.run(command, cwd=ROOT, check=True)


def install() -> None:
    """The packages of PostGraphile, as the lock file has them, unless they are there."""
    folder = BENCH / "postgraphile"
    there = folder / "node_modules/.package-lock.json"
    if not there.exists() or there.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"], cwd=folder, check=True)


def _require(program: str, package: str) -> None:
    if shutil.which(program):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"bench: {program} is missing. Install it, for example with: apt-get install {package}")
    subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=True, stdout=subprocess.DEVNULL)
