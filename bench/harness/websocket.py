"""As much of WebSocket, and of graphql-transport-ws on it, as a load generator needs."""

import json
import os
import struct

HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


def handshake(port: int) -> bytes:
    return HANDSHAKE.format(port=port).encode()


def init(token: str | None) -> bytes:
    payload = {"authorization": f"Bearer {token}"} if token else {}
    return frame(json.dumps({"type": "connection_init", "payload": payload}).encode())


def subscribe(query: str) -> bytes:
    return frame(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}).encode())


def frame(text: bytes) -> bytes:
    """A text message of a client, which has to be masked."""
    mask = os.urandom(4)
    length = len(text)
    if length < 126:
        head = struct.pack("!BB", 0x81, 0x80 | length)
    elif length < 65536:
        head = struct.pack("!BBH", 0x81, 0xFE, length)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, length)
    repeated = (mask * (length // 4 + 1))[:length]
    masked = int.from_bytes(text, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + masked.to_bytes(length, "big")


def take(buffer: bytearray) -> tuple[int, bytes] | None:
    """The first whole message in what was received, with its opcode, which is taken out of it; none if there is none yet."""
    if len(buffer) < 2:
        return None
    length, start = buffer[1] & 0x7F, 2
    if length == 126 and len(buffer) >= 4:
        length, start = struct.unpack("!H", buffer[2:4])[0], 4
    elif length == 127 and len(buffer) >= 10:
        length, start = struct.unpack("!Q", buffer[2:10])[0], 10
    elif length > 125:
        return None
    if len(buffer) < start + length:
        return None
    opcode, text = buffer[0] & 0xF, bytes(buffer[start : start + length])
    del buffer[: start + length]
    return opcode, text
