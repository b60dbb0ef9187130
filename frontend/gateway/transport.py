"""The one connection of this process: HTTP/2 over the descriptors 0 and 1 that BuildKit gave it.

BuildKit starts a frontend with two pipes as standard input and output, serves gRPC over them and
expects the HTTP/2 client preface within ten seconds of *its own* start of serving, that is before
the container even exists (`frontend/gateway/gateway.go`; `http2.Server.ServeConn`). Two things
follow, and this module is shaped by them:

* It imports nothing outside the standard library, and sends the preface itself before anything
  slow (grpc, pydantic) is imported. Under emulation or on a cold disk those imports alone can take
  longer than the ten seconds. grpc sends a preface too; that one is taken out of the stream.
* One stray byte on descriptor 1 ends the build. So both descriptors are moved away first: what the
  process or its children print afterwards goes to standard error, the daemon's log.

grpc cannot adopt two descriptors, it only dials. So it dials an abstract unix socket of ours, which
accepts exactly one connection, from this process, and two threads carry the bytes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from dataclasses import dataclass

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client says first (RFC 9113, section 3.4)."""
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""A SETTINGS frame that changes nothing; one is due within two seconds after the preface."""
_FRAME_HEADER = 9
_SETTINGS = 0x4
_ACK = 0x1
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Descriptors:
    """The two ends of the connection, private to this process and not inherited by children."""

    incoming: int
    outgoing: int


class Connection:
    """A connection to the daemon, already greeted; grpc reaches it at `target`.

    Only one grpc channel can be made of it. `lost` is set as soon as either side is gone.
    """

    def __init__(self, descriptors: Descriptors) -> None:
        self.lost = threading.Event()
        self._descriptors = descriptors
        self._greet()
        name = f"uv-frontend-{os.getpid()}-{os.urandom(8).hex()}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(f"\0{name}")
        self._listener.listen(1)
        self.target = f"unix-abstract:{name}"
        self._start(self._serve, "gateway-accept")

    def _greet(self) -> None:
        # A daemon that is gone already is noticed by the first call, with a better message.
        with contextlib.suppress(OSError):
            _write_all(self._descriptors.outgoing, PREFACE + EMPTY_SETTINGS)

    def _serve(self) -> None:
        try:
            peer = self._accept()
        finally:
            # From now on grpc's attempts to connect again are refused, so calls fail at once.
            self._listener.close()
        self._start(self._carry_in, "gateway-in", peer)
        self._carry_out(peer)

    def _accept(self) -> socket.socket:
        """The connection of our own grpc; abstract sockets are open to the network namespace."""
        while True:
            peer, _ = self._listener.accept()
            credentials = peer.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
            )
            if struct.unpack("3i", credentials)[0] == os.getpid():
                return peer
            peer.close()

    def _carry_out(self, peer: socket.socket) -> None:
        try:
            _skip_preface(peer)
            while data := peer.recv(_CHUNK):
                _write_all(self._descriptors.outgoing, data)
        except OSError:
            pass
        finally:
            self._end(peer)

    def _carry_in(self, peer: socket.socket) -> None:
        try:
            first = _FirstAcknowledgement()
            while not first.passed and (data := os.read(self._descriptors.incoming, _CHUNK)):
                peer.sendall(first.without(data))
            while data := os.read(self._descriptors.incoming, _CHUNK):
                peer.sendall(data)
        except OSError:
            pass
        finally:
            self._end(peer)

    def _end(self, peer: socket.socket) -> None:
        self.lost.set()
        with contextlib.suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _start(target: object, name: str, *args: object) -> None:
        # Daemon threads: BuildKit waits for the process to end, a blocked pump must not hold it.
        threading.Thread(target=target, name=name, args=args, daemon=True).start()  # type: ignore[arg-type]


class _FirstAcknowledgement:
    """Takes the acknowledgement of our own SETTINGS out of the daemon's bytes.

    grpc did not send those settings and treats an acknowledgement too many as a protocol error.
    Settings are acknowledged in order, so the first acknowledgement is ours.
    """

    def __init__(self) -> None:
        self.passed = False
        self._pending = b""

    def without(self, data: bytes) -> bytes:
        """The bytes to hand on now; an incomplete frame is held back until its rest arrives."""
        pending = self._pending + data
        position = 0
        kept = []
        while not self.passed and position + _FRAME_HEADER <= len(pending):
            end = position + _FRAME_HEADER + int.from_bytes(pending[position : position + 3])
            if end > len(pending):
                break
            self.passed = pending[position + 3] == _SETTINGS and bool(pending[position + 4] & _ACK)
            if not self.passed:
                kept.append(pending[position:end])
            position = end
        rest = pending[position:]
        if self.passed:
            kept.append(rest)
            rest = b""
        self._pending = rest
        return b"".join(kept)


def capture_descriptors() -> Descriptors:
    """Moves descriptors 0 and 1 away: 0 becomes empty, 1 the same as 2.

    Must be the first thing the process does.
    """
    # os.dup makes descriptors that children do not inherit.
    captured = Descriptors(incoming=os.dup(0), outgoing=os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return captured


def connect(descriptors: Descriptors | None = None) -> Connection:
    """Greets the daemon on `descriptors`, by default on what `capture_descriptors` finds."""
    return Connection(descriptors or capture_descriptors())


def _skip_preface(peer: socket.socket) -> None:
    """Takes grpc's own preface; it went out already.

    Raises ConnectionError if something else arrives.
    """
    got = b""
    while len(got) < len(PREFACE):
        data = peer.recv(len(PREFACE) - len(got))
        got += data
        if not data or not PREFACE.startswith(got):
            raise ConnectionError("no HTTP/2 preface from grpc")


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
