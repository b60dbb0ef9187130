"""A distribution's archive of one day: the machine's own mirror, under another address."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.engine import debian

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Archive:
    """Serves what the mirror has below `/debian/DAY`; `asked` are the paths asked for.

    What it has got from there it keeps, in `kept`: engines ask for the same one after the other.
    """

    url: str
    mirror: str
    asked: list[str] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)

    def get(self, path: str) -> bytes | None:
        """The mirror's file; None where it has none."""
        if path not in self.kept:
            try:
                with urllib.request.urlopen(f"{self.mirror}/{path}") as reply:
                    self.kept[path] = reply.read()
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.NOT_FOUND:
                    raise
                return None
        return self.kept[path]


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
        body = archive.get("/".join(rest)) if name == "debian" else None
        self.send_response(HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
