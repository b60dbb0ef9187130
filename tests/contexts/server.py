"""Files and git repositories over HTTP on the loopback address, for engines to fetch."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The user that GitHub and BuildKit take for a token's.
TOKEN_USER = "x-access-token"


@dataclass
class Site:
    """What a server offers: `files` by name, and the bare repositories below `repositories`.

    With a `token` repositories are for those alone who send it. `asked` are the paths of all
    requests that were answered.
    """

    url: str
    repositories: Path
    files: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    asked: list[str] = field(default_factory=list)

    def repository(self, name: str, work_tree: Path) -> str:
        """Publish the commits of a work tree, and return the address."""
        bare = self.repositories / f"{name}.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", work_tree, bare], check=True)
        return f"{self.url}/{name}.git"

    def admits(self, authorization: str) -> bool:
        """Whether a request with this header gets anything."""
        if not self.token:
            return True
        account = base64.b64encode(f"{TOKEN_USER}:{self.token}".encode()).decode()
        return authorization.lower() == f"basic {account}".lower()


@contextmanager
def serve(repositories: Path, token: str = "") -> Iterator[Site]:
    """Run a server until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_port}", repositories, token=token)
        server.site = site  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield site
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        path = urlsplit(self.path).path
        if ".git/" in path and not site.admits(self.headers.get("Authorization", "")):
            self._send(401, [("WWW-Authenticate", "Basic")], b"")
            return
        site.asked.append(path)
        if path.endswith("/info/lfs/objects/batch"):
            self._large_files(site)
        elif ".git/" in path:
            self._git(site)
        elif path.strip("/") in site.files:
            self._send(200, [], site.files[path.strip("/")])
        else:
            self._send(404, [], b"")

    def _git(self, site: Site) -> None:
        """Let git answer: git-http-backend(1) is a CGI program."""
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(site.repositories),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": address.path,
                "QUERY_STRING": address.query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                # As on GitHub: a commit that a branch or a tag leads to may be fetched by its name.
                "GIT_CONFIG_KEY_1": "uploadpack.allowReachableSHA1InWant",
                "GIT_CONFIG_VALUE_1": "true",
            },
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200)
        self._send(status, [(k, v) for k, v in headers if k != "Status"], content)

    def _large_files(self, site: Site) -> None:
        """Say where large files are: among `files`, by their SHA-256 (the batch API of git LFS)."""
        wanted = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["objects"]
        objects = [
            {**each, "actions": {"download": {"href": f"{site.url}/{each['oid']}"}}}
            for each in wanted
        ]
        answer = json.dumps({"transfer": "basic", "objects": objects}).encode()
        self._send(200, [("Content-Type", "application/vnd.git-lfs+json")], answer)

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
