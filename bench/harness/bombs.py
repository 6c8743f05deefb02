"""Documents that cost little to send and much to carry out, by each transport: how soon and how briefly they are answered."""

import socket
import time
import urllib.parse

from . import websocket
from .places import body
from .servers import Server

TIMES = 20

BOMBS = {
    "30 levels of fragments": "{ ...f0 } "
    + "".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }} " for n in range(30))
    + "fragment f30 on Query { __typename }",
    "10,000 aliases": "{ " + "".join(f"a{n}: __typename " for n in range(10_000)) + "}",
    "10,000 levels": "{a" * 10_000 + "}" * 10_000,
    "5,000 unused fragments": "{ __typename } " + "".join(f"fragment f{n} on Query {{ __typename }} " for n in range(5_000)),
    "1 MB of brackets": "[" * (1_000_000),
}


def measure(server: Server) -> list[dict]:
    """Of each bomb and transport the milliseconds from the first byte sent to the last byte answered, and the bytes of that."""
    results = []
    for name, document in BOMBS.items():
        for transport, send in TRANSPORTS.items():
            took, sizes = [], []
            for _ in range(TIMES):
                milliseconds, size = send(server.port, document)
                took.append(milliseconds)
                sizes.append(size)
            took.sort()
            results.append({
                "bomb": name, "transport": transport, "min": took[0], "median": took[TIMES // 2], "max": took[-1], "bytes": max(sizes),
            })
    return results


def _request(port: int, head: str, sent: bytes = b"") -> tuple[float, int]:
    text = f"{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n".encode()
    if sent:
        text += f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as stream:
        started = time.monotonic()
        # A server that has seen enough hangs up before all is sent.
        try:
            stream.sendall(text + b"\r\n" + sent)
        except OSError:
            pass
        answer = _rest(stream)
        return (time.monotonic() - started) * 1000, len(answer)


def _rest(stream: socket.socket) -> bytes:
    answer = bytearray()
    try:
        while received := stream.recv(65536):
            answer += received
    except OSError:
        pass
    return bytes(answer)


def _post(port: int, document: str) -> tuple[float, int]:
    return _request(port, "POST /graphql HTTP/1.1", body(document).encode())


def _events(port: int, document: str) -> tuple[float, int]:
    return _request(port, "POST /graphql HTTP/1.1\r\nAccept: text/event-stream", body(document).encode())


def _get(port: int, document: str) -> tuple[float, int]:
    return _request(port, f"GET /graphql?query={urllib.parse.quote(document)} HTTP/1.1")


def _websocket(port: int, document: str) -> tuple[float, int]:
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(websocket.handshake(port))
        answer = bytearray()
        while b"\r\n\r\n" not in answer:
            answer += stream.recv(65536)
        del answer[: answer.index(b"\r\n\r\n") + 4]
        stream.sendall(websocket.init(None))
        while not websocket.take(answer):
            answer += stream.recv(65536)
        message = websocket.subscribe(document)
        started = time.monotonic()
        try:
            stream.sendall(message)
            while not (said := websocket.take(answer)):
                if not (received := stream.recv(65536)):
                    break
                answer += received
        except OSError:
            said = None
        return (time.monotonic() - started) * 1000, len(said[1]) if said else 0


TRANSPORTS = {"POST": _post, "GET": _get, "WebSocket": _websocket, "event stream": _events}
