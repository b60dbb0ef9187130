"""A name server on an engine's bridge: passes questions on, and remembers the answers.

Ten installs that start at once ask a thousand times for the same two hosts. Some name servers drop
most of such a burst, each loss costs the asker five seconds, and installs fail as if there were no
network. Containers could not reach a name server on the machine's own loopback address either.

An answer that has grown old is given as long as no newer one comes (RFC 8767), and a server that
fails is asked again: a name server that is away for a minute ends no build.

`python3 -m tests.engine.names ADDRESS` serves UDP on port 53 of ADDRESS until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53
_FRESH = 30.0  # seconds that an answer is given without asking again
_STALE = 3600.0  # seconds that it is given while nobody has a newer one
_PATIENCE = 0.4  # seconds until a question is asked again
_ATTEMPTS = 40
_HASTE = 3  # attempts before an old answer is given
_SETTLED = frozenset({0, 3})  # no error, no such name

Address = tuple[str, int]


def nameservers(text: str) -> list[str]:
    """The IPv4 name servers that a resolv.conf(5) names."""
    lines = [line.split() for line in text.splitlines()]
    return [words[1] for words in lines if words[:1] == ["nameserver"] and ":" not in words[1]]


class Answers:
    """Answers to questions seen before. A message is told apart by all but its two-byte number."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[float, bytes]] = {}

    def get(self, question: bytes, now: float, *, stale: bool = False) -> bytes | None:
        """The remembered answer, numbered as the question is; an old one too, where `stale`."""
        since, answer = self._known.get(question[2:], (float("-inf"), b""))
        age = _STALE if stale else _FRESH
        return question[:2] + answer[2:] if now - since < age else None

    def keep(self, question: bytes, answer: bytes, now: float) -> None:
        """Remember an answer that settles the question; a server's failure does not."""
        if settled(answer):
            self._known[question[2:]] = (now, answer)


def settled(answer: bytes) -> bool:
    """Whether a name server has answered, and not only said that it cannot (RFC 1035, 4.1.1)."""
    return len(answer) >= 12 and answer[3] & 0xF in _SETTLED


class Forwarder(asyncio.DatagramProtocol):
    """Answers what it knows, and asks a name server once for what many want to know."""

    def __init__(self, servers: list[str]) -> None:
        self._servers = servers
        self._answers = Answers()
        self._pending: dict[bytes, asyncio.Task[bytes | None]] = {}
        self._replies: set[asyncio.Task[None]] = set()
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the way to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take a question."""
        if len(data) < 12:
            return
        reply = asyncio.get_running_loop().create_task(self._reply(data, addr))
        self._replies.add(reply)
        reply.add_done_callback(self._replies.discard)

    async def _reply(self, question: bytes, asker: Address) -> None:
        answer = self._answers.get(question, time.monotonic())
        if answer is None:
            key = question[2:]
            task = self._pending.get(key)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._ask(question))
                task.add_done_callback(lambda _: self._pending.pop(key, None))
                self._pending[key] = task
            old = self._answers.get(question, time.monotonic(), stale=True)
            await asyncio.wait([task], timeout=_HASTE * _PATIENCE if old else None)
            new = task.result() if task.done() else None
            answer = new if new and (settled(new) or not old) else old
        if answer is not None:
            self._transport.sendto(question[:2] + answer[2:], asker)

    async def _ask(self, question: bytes) -> bytes | None:
        """Ask until a server settles the question; else the last that a server said of itself."""
        said = None
        for attempt in range(_ATTEMPTS):
            server = self._servers[attempt % len(self._servers)]
            answer = await _exchange(question, server)
            if answer is None:
                continue
            if settled(answer):
                self._answers.keep(question, answer, time.monotonic())
                return answer
            said = answer
            await asyncio.sleep(_PATIENCE)
        return said


class _Exchange(asyncio.DatagramProtocol):
    def __init__(self, question: bytes) -> None:
        self.question = question
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        transport.sendto(self.question)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if data[:2] == self.question[:2] and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _exchange(question: bytes, server: str) -> bytes | None:
    loop = asyncio.get_running_loop()
    transport, exchange = await loop.create_datagram_endpoint(
        lambda: _Exchange(question), remote_addr=(server, _PORT)
    )
    try:
        return await asyncio.wait_for(exchange.answer, _PATIENCE)
    except (TimeoutError, OSError):
        return None
    finally:
        transport.close()


async def serve(address: str, servers: list[str]) -> None:
    """Serve until the process is ended. Raises OSError if the port is taken."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Forwarder(servers), local_addr=(address, _PORT))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], nameservers(RESOLV_CONF.read_text())))
