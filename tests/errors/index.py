"""A package index on the loopback address, which build steps reach by the host's network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import ssl
import subprocess
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What a build needs to reach the index.
REACH = "--network=host"
_REQUEST = (
    "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2"
    " -subj /CN=uv-frontend -addext subjectAltName=IP:127.0.0.1"
    " -addext basicConstraints=critical,CA:FALSE"
)


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that nobody trusts, and its key; PEM files."""

    path: Path
    key: Path

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make one in a folder. Raises FileNotFoundError without the program openssl."""
        made = cls(folder / "certificate.pem", folder / "key.pem")
        files = ["-keyout", str(made.key), "-out", str(made.path)]
        subprocess.run([*_REQUEST.split(), *files], check=True, capture_output=True)
        return made


@dataclass
class Index:
    """Files of packages by name; changes are seen at once.

    With `account` (`user:password`) nobody else gets anything.
    """

    url: str
    account: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def locking(self) -> tuple[str, str]:
        """Options for uv."""
        account = f"//{self.account}@" if self.account else "//"
        return "--default-index", f"{self.url}/simple".replace("//", account, 1)

    def wheel(
        self,
        name: str,
        version: str = "1.0",
        tag: str = "py3-none-any",
        code: str = "",
        metadata: str = "",
    ) -> Self:
        """Add a wheel with one module, which holds `code`; `metadata` are further headers."""
        info = f"{name}-{version}.dist-info"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr(f"{name}.py", code)
            wheel.writestr(f"{info}/METADATA", _metadata(name, version) + metadata)
            wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            wheel.writestr(f"{info}/RECORD", "")
        self.files[f"{name}-{version}-{tag}.whl"] = archive.getvalue()
        return self

    def sdist(self, name: str, backend: str, version: str = "1.0") -> Self:
        """Add a source distribution that `backend` builds."""
        tables = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        members = {
            "PKG-INFO": _metadata(name, version),
            "pyproject.toml": f'[project]\nname = "{name}"\nversion = "{version}"\n{tables}',
            "backend.py": dedent(backend),
        }
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, text in members.items():
                entry = tarfile.TarInfo(f"{name}-{version}/{path}")
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        self.files[f"{name}-{version}.tar.gz"] = gzip.compress(archive.getvalue(), mtime=0)
        return self

    def answer(self, path: str) -> bytes | None:
        """The body for a path (PEP 503), None where there is nothing."""
        kind, _, name = path.strip("/").partition("/")
        if kind == "files":
            return self.files.get(name)
        links = [
            f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a>'
            for file, data in self.files.items()
            if file.replace("_", "-").startswith(f"{name}-")
        ]
        return "\n".join(links).encode() if links else None


@contextmanager
def serve(*, certificate: Certificate | None = None, account: str = "") -> Iterator[Index]:
    """Run an index until the block ends, with TLS if there is a certificate."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.path, certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        index = Index(
            f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}", account
        )
        server.index = index  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield index
        finally:
            server.shutdown()


class _Server(ThreadingHTTPServer):
    #: BuildKit asks for all files of a hermetic build at once.
    request_queue_size = 1024


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        index: Index = self.server.index  # type: ignore[attr-defined]
        expected = "Basic " + base64.b64encode(index.account.encode()).decode()
        if index.account and self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return b""
        body = index.answer(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        return body or b""

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n"
