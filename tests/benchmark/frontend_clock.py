"""How long the frontend's own process lives, as the kernel says.

The process connector (Linux, `include/uapi/linux/cn_proc.h`) tells of each exec and each exit with
a time stamp of its own, so nothing has to be added to the process that is measured. Listening needs
root and the machine's own process numbers, as starting a private engine does.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

#: What tells the frontend's command line from any other; the Dockerfile of its image sets it.
START = b"/opt/uv-frontend/start.py"

# linux/netlink.h, linux/connector.h, linux/cn_proc.h
_NETLINK_CONNECTOR = 11
_NLMSG_DONE = 3
_CN_IDX_PROC, _CN_VAL_PROC = 1, 1
_LISTEN, _IGNORE = 1, 2
_EXEC, _EXIT = 0x00000002, 0x80000000
_NETLINK_HEADER = struct.Struct("=IHHII")
_CONNECTOR_HEADER = struct.Struct("=IIIIHH")
_EVENT = struct.Struct("=IIQII")  # what, cpu, nanoseconds, pid, thread group
_BUFFER = 4 << 20


@dataclass(frozen=True)
class Event:
    """A process that began to run a program, or ended; times are nanoseconds of one clock."""

    pid: int
    time: int
    ended: bool


def decode(message: bytes) -> Event | None:
    """Read one message of the connector; None for all other events, such as those of threads."""
    offset = _NETLINK_HEADER.size + _CONNECTOR_HEADER.size
    if len(message) < offset + _EVENT.size:
        return None
    what, _, time, thread, pid = _EVENT.unpack_from(message, offset)
    if what not in (_EXEC, _EXIT) or thread != pid:
        return None
    return Event(pid, time, ended=what == _EXIT)


def request(operation: int) -> bytes:
    """A message that makes the connector begin or end to tell."""
    body = _CONNECTOR_HEADER.pack(_CN_IDX_PROC, _CN_VAL_PROC, 0, 0, 4, 0)
    body += struct.pack("=I", operation)
    header = _NETLINK_HEADER.pack(_NETLINK_HEADER.size + len(body), _NLMSG_DONE, 0, 0, os.getpid())
    return header + body


@dataclass
class FrontendClock:
    """A context in which the frontend processes of one engine are timed.

    `engine` is the daemon's process number; `seconds` has the processes that have ended, in order.
    On a kernel that tells nothing, it is not `listening` and `seconds` stays empty.
    """

    engine: int
    seconds: list[float] = field(default_factory=list)
    listening: bool = False

    def __enter__(self) -> FrontendClock:
        self._began: dict[int, int] = {}
        self._finished = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            self._socket = _listen()
        except OSError:
            return self
        self.listening = True
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._finished.set()
            self._thread.join()
            self._socket.send(request(_IGNORE))
            self._socket.close()

    def _follow(self) -> None:
        while not self._finished.is_set():
            try:
                event = decode(self._socket.recv(4096))
            except TimeoutError:
                continue
            except OSError:
                return  # messages were lost: better no time than a wrong one
            if event is not None:
                self._take(event)

    def _take(self, event: Event) -> None:
        if not event.ended:
            if _is_frontend(event.pid) and _descends(event.pid, self.engine):
                self._began[event.pid] = event.time
        elif (began := self._began.pop(event.pid, None)) is not None:
            self.seconds.append((event.time - began) / 1e9)


def _listen() -> socket.socket:
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        listener.bind((0, _CN_IDX_PROC))
        listener.settimeout(0.2)
        listener.send(request(_LISTEN))
    except OSError:
        listener.close()
        raise
    return listener


def _is_frontend(pid: int) -> bool:
    try:
        return START in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False  # it has ended already


def _descends(pid: int, ancestor: int) -> bool:
    """Whether a process was started by another one, or by one that this has started, and so on."""
    while pid not in (0, ancestor):
        try:
            # proc(5): the fields after the program's name, which may contain anything
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return pid == ancestor
