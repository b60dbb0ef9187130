"""The frontend's end of the connection: two pipes that carry HTTP/2, and nothing else.

BuildKit closes the connection when the client preface is late or wrong, and kills the frontend
(`serve` in `frontend/gateway/gateway.go`; `ServeConn` of golang.org/x/net/http2).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What an HTTP/2 client says first (RFC 9113, section 3.4)."""
PREFACE_TIMEOUT = 10.0


class Wire:
    """Carries bytes between the pipes and the server that listens at `address`.

    `delay` seconds pass before anything is read, as if the daemon were slow to serve.
    """

    def __init__(
        self, from_frontend: int, to_frontend: int, address: str, *, delay: float = 0
    ) -> None:
        self.broken = threading.Event()
        """The connection ended before the frontend closed it: it is killed by BuildKit."""
        self.closed = threading.Event()
        self.complaint = ""
        self.preface_after: float | None = None
        self._from, self._to = from_frontend, to_frontend
        self._address = address
        self._delay = delay
        self._started = time.monotonic()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        threading.Thread(target=self._carry, name="test-gateway-wire", daemon=True).start()

    def cut(self) -> None:
        """Ends the connection at once, as a daemon that dies does."""
        self._break("cut by the test")

    def _carry(self) -> None:
        time.sleep(self._delay)
        first = self._preface()
        if first is None:
            return
        self._socket.connect(self._address)
        threading.Thread(target=self._to_child, name="test-gateway-in", daemon=True).start()
        with contextlib.suppress(OSError):
            data = first
            while data:
                self._socket.sendall(data)
                data = os.read(self._from, 1 << 18)
        self._close()

    def _preface(self) -> bytes | None:
        """Everything up to and with the preface, or None when the connection is given up."""
        got = b""
        deadline = self._started + self._delay + PREFACE_TIMEOUT
        while len(got) < len(PREFACE):
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._from], [], [], remaining)[0]:
                self._break("timeout waiting for client preface")
                return None
            data = os.read(self._from, 1 << 16)
            if not data:
                self._break("the frontend closed its output before any preface")
                return None
            got += data
            head = got[: len(PREFACE)]
            if head != PREFACE[: len(head)]:
                self._break(f"bogus greeting from client: {head!r}")
                return None
        self.preface_after = time.monotonic() - self._started
        return got

    def _to_child(self) -> None:
        while data := self._received():
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(self._to, view) :]
            except OSError:
                # The frontend is gone, and has not read all that was sent: it ended, nothing broke.
                return
        if not self.closed.is_set():
            self._break("the server closed the connection")

    def _received(self) -> bytes:
        try:
            return self._socket.recv(1 << 18)
        except OSError:
            return b""

    def _break(self, complaint: str) -> None:
        if not self.closed.is_set():
            self.complaint = self.complaint or complaint
            self.broken.set()
        self._close()

    def _close(self) -> None:
        self.closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        # Not closed here: another thread may be reading. Standard input ends for the frontend
        # when the last writer is gone.
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, self._to)
            os.dup2(null, self._from)
            os.close(null)
