"""Live: so many sockets, each with a subscription to its user's home feed, and tweets of somebody whom everybody follows.

One process holds all sockets (`bench/limits/src/bin/subscribers.rs`), on the same cores as the server.
"""

import json
import resource
import subprocess

from .data import tokens
from .places import TARGET
from .servers import Server

EVENTS = 5


def measure(server: Server, number: int) -> dict:
    """Milliseconds until the subscribers have read an event, and the server's memory meanwhile."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    command = [TARGET / "release/subscribers", "--server", f"127.0.0.1:{server.port}", "--tokens", tokens(server.database)]
    command += ["--subscribers", str(number), "--events", str(EVENTS)]
    before = server.memory("VmRSS")
    process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    line = process.stdout.readline()
    memory = server.memory("VmRSS")
    process.stdin.close()
    if process.wait() or not line:
        raise SystemExit(f"bench: not all of {number} subscribers were told")
    results = json.loads(line) | {"subscribers": number, "memory": memory, "each": (memory - before) / number}
    print(f"bench: live, {number:,} subscribers: p99 {results['p99']:,.0f} ms", flush=True)
    return results
