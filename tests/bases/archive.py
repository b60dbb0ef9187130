"""A distribution's archive of one day: the machine's own mirror, under another address."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.engine import debian

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Archive:
    """Serves what the mirror has below `/debian/DAY`; `asked` are the paths asked for."""

    url: str
    mirror: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve() -> Iterator[Archive]:
    """Run an archive until the block ends. Raises EngineUnavailable without a Debian mirror."""
    mirror = debian.main_mirror(debian.configured_sources())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        archive = Archive(f"http://127.0.0.1:{server.server_port}", mirror)
        server.archive = archive  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield archive
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        archive: Archive = self.server.archive  # type: ignore[attr-defined]
        archive.asked.append(self.path)
        # /debian/20261101T000000Z/dists/… is the mirror's /dists/…
        _, name, _, *rest = self.path.split("/")
        status, body = 404, b""
        if name == "debian":
            try:
                with urllib.request.urlopen(f"{archive.mirror}/{'/'.join(rest)}") as reply:
                    status, body = 200, reply.read()
            except urllib.error.HTTPError as error:
                status = error.code
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
