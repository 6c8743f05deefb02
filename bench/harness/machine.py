"""What it was measured on."""

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from . import services
from .places import BENCH, ROOT


def describe() -> dict[str, str]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "commit": _says("git", "-C", ROOT, "describe", "--always", "--dirty"),
        "processor": f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}",
        "memory": f"{int(memory[1]) >> 20 if memory else 0} GiB",
        "Linux": platform.release(),
        "Rust": _says("rustc", "--version").split()[1],
        "PostgreSQL": services.sql("SHOW server_version").split()[0],
        "Redis": _says("redis-server", "--version").split("v=")[1].split()[0],
        "RabbitMQ": _says("dpkg-query", "-W", "-f", "${Version}", "rabbitmq-server"),
        "PostGraphile": _version("postgraphile"),
        "Node.js": _version("node"),
        "wrk": _says("dpkg-query", "-W", "-f", "${Version}", "wrk"),
    }


def _says(*command) -> str:
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.strip() or "unknown"


def _version(package: str) -> str:
    found = re.search(rf'"{package}": "(.*?)"', (BENCH / "postgraphile/package.json").read_text())
    return found[1] if found else "unknown"
