"""A mirror of Python builds on the loopback address, which steps reach by the host's network."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

#: What addresses of builds begin with before a mirror takes their place, in uv.
_ORIGIN = "https://github.com/astral-sh/python-build-standalone/releases/download"


@dataclass
class Mirror:
    """Files by their path; `asked` are the paths that were asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(self, prefix: Path, version: str) -> None:
        """Offer a prefix with a CPython in the form of uv's builds, and a list that names it."""
        machine = platform.machine()
        build = f"cpython-{version}+20250723-{machine}-unknown-linux-gnu-install_only_stripped"
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            archive.add(prefix, "python")
        data = gzip.compress(tar.getvalue(), compresslevel=1, mtime=0)
        major, minor, patch = map(int, version.split("."))
        entry: dict[str, Any] = {
            "name": "cpython",
            "arch": {"family": machine, "variant": None},
            "os": "linux",
            "libc": "gnu",
            "major": major,
            "minor": minor,
            "patch": patch,
            "prerelease": "",
            "url": f"{_ORIGIN}/20250723/{build.replace('+', '%2B')}.tar.gz",
            "sha256": hashlib.sha256(data).hexdigest(),
            "variant": None,
            "build": "20250723",
        }
        self.files[f"/mirror/20250723/{build}.tar.gz"] = data
        listed = {f"cpython-{version}-linux-{machine}-gnu": entry}
        self.files["/downloads.json"] = json.dumps(listed).encode()


@contextmanager
def offering(engine: Engine, image: str, folder: Path) -> Iterator[Mirror]:
    """Run a mirror with the CPython that stands at /python in an image, and runs from any place."""
    command = "import platform; print(platform.python_version())"
    version = engine.run(image, "/python/bin/python3", "-c", command).stdout.strip()
    container = engine.docker("create", image).stdout.strip()
    engine.docker("cp", f"{container}:/python", folder)
    engine.docker("rm", container)
    with serve() as served:
        served.add(folder / "python", version)
        yield served


@contextmanager
def serve() -> Iterator[Mirror]:
    """Run a mirror until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        mirror = Mirror(f"http://127.0.0.1:{server.server_port}")
        server.mirror = mirror  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield mirror
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        mirror: Mirror = self.server.mirror  # type: ignore[attr-defined]
        mirror.asked.append(self.path)
        body = mirror.files.get(self.path.replace("%2B", "+"))
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
