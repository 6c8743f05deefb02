"""Live: so many sockets, each with a subscription to its user's home feed, and tweets of somebody whom everybody follows.

One process holds all sockets, on the same two cores as the server: the times are from before the tweet is sent to when this
process has read the event, so they are rather too long than too short.
"""

import asyncio
import resource
import time

from . import websocket
from .data import tokens
from .places import CONTENT, POST, body
from .servers import Server

SUBSCRIPTION = "subscription { homeFeedTweetAdded { node { id content author { username } } } }"
EVENTS = 5
AT_A_TIME = 64


class Subscriber(asyncio.Protocol):
    """A socket from its handshake on."""

    def __init__(self, token: str, port: int, told: list[float]):
        self.token, self.port, self.told = token, port, told
        self.buffer = bytearray()
        self.is_open = False
        self.ready: asyncio.Future = asyncio.get_running_loop().create_future()
        self.lost = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        transport.write(websocket.handshake(self.port))

    def data_received(self, received: bytes) -> None:
        self.buffer += received
        if not self.is_open:
            if b"\r\n\r\n" not in self.buffer:
                return
            del self.buffer[: self.buffer.index(b"\r\n\r\n") + 4]
            self.is_open = True
            self.transport.write(websocket.init(self.token))
        while message := websocket.take(self.buffer):
            if b'"connection_ack"' in message[1]:
                self.transport.write(websocket.subscribe(SUBSCRIPTION))
                self.ready.set_result(None)
            elif b'"next"' in message[1]:
                self.told.append(time.monotonic())

    def connection_lost(self, _) -> None:
        self.lost = True
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the server has closed the socket"))


def measure(server: Server, number: int) -> dict:
    """Milliseconds until the subscribers have read an event, and the server's memory with them and without."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    results = asyncio.run(_measure(server, number))
    print(f"bench: live, {number} subscribers: p99 {results['p99']:,.0f} ms", flush=True)
    return results


async def _measure(server: Server, number: int) -> dict:
    people = [line.split()[0] for line in tokens(server.database).read_text().split("\n") if line]
    before, started = server.memory("VmRSS"), time.monotonic()
    told: list[float] = []
    seats = asyncio.Semaphore(AT_A_TIME)

    async def dial(place: int) -> Subscriber:
        async with seats:
            connect = asyncio.get_running_loop().create_connection
            token = people[1 + place % (len(people) - 1)]
            _, subscriber = await connect(lambda: Subscriber(token, server.port, told), "127.0.0.1", server.port)
            await subscriber.ready
            return subscriber

    subscribers = await asyncio.gather(*map(dial, range(number)))
    connected = time.monotonic() - started
    await _quiet(told)
    latencies: list[float] = []
    for _ in range(EVENTS):
        told.clear()
        sent = time.monotonic()
        await _post(server, people[0])
        deadline = sent + 30
        while len(told) < number and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        if len(told) != number or any(subscriber.lost for subscriber in subscribers):
            raise SystemExit(f"bench: {len(told)} of {number} subscribers were told, {sum(s.lost for s in subscribers)} lost")
        latencies += [(at - sent) * 1000 for at in told]
        await _quiet(told)
    memory = server.memory("VmRSS")
    for subscriber in subscribers:
        subscriber.transport.abort()
    latencies.sort()
    return {
        "subscribers": number,
        "connected": connected,
        "min": latencies[0],
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[len(latencies) * 99 // 100],
        "max": latencies[-1],
        "memory": memory,
        "each": (memory - before) / number,
    }


async def _post(server: Server, token: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    sent = body(POST, {"content": CONTENT}).encode()
    writer.write(
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent
    )
    answer = await reader.read()
    writer.close()
    if b'"errors"' in answer or b" 200 " not in answer:
        raise SystemExit(f"bench: the tweet was refused: {answer!r}")


async def _quiet(told: list[float]) -> None:
    """Until nobody has been told anything for a second: the last subscriptions have begun, the last events have come."""
    before = -1
    while before != len(told):
        before = len(told)
        await asyncio.sleep(1)
