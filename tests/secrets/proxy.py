"""An HTTP proxy on the loopback address, which may want a user and password."""

from __future__ import annotations

import base64
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Proxy:
    """A running proxy. `hosts` are the names it knows, and where requests to them really go."""

    place: str  # host:port
    account: str  # user:password, or empty
    hosts: dict[str, str] = field(default_factory=dict)
    served: int = 0

    @property
    def address(self) -> str:
        """What clients are told."""
        return f"http://{self.account}@{self.place}" if self.account else f"http://{self.place}"


@contextmanager
def through(account: str = "") -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        proxy = Proxy(f"127.0.0.1:{server.server_port}", account)
        server.proxy = proxy  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        proxy: Proxy = self.server.proxy  # type: ignore[attr-defined]
        expected = "Basic " + base64.b64encode(proxy.account.encode()).decode()
        if proxy.account and self.headers.get("Proxy-Authorization") != expected:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        asked = urlsplit(self.path)
        target = proxy.hosts.get(asked.hostname or "")
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"{target}{asked.path}", timeout=60) as reply:
                code, body = reply.status, reply.read()
        except (urllib.error.HTTPError, ValueError):
            code, body = 404, b""
        proxy.served += 1
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
