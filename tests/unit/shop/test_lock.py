"""The tool that locks the examples, on a small index that runs here."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from examples import lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def wheel(name: str) -> bytes:
    """A wheel of version 1.0 that holds nothing."""
    info = f"{name}-1.0.dist-info"
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        # A fixed time: the hash must not change from run to run.
        for path, text in {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return data.getvalue()


class Index(BaseHTTPRequestHandler):
    """A plain HTML index of four packages, whose files answer to HEAD in different ways."""

    protocol_version = "HTTP/1.1"
    wheels: ClassVar = {name: wheel(name) for name in ("alpha", "beta", "gamma", "delta")}
    heads: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        name = self.path.rstrip("/").rpartition("/")[2].partition("-")[0]
        if name not in self.wheels:
            self._answer(404, b"")
        elif self.path.startswith("/simple/"):
            digest = hashlib.sha256(self.wheels[name]).hexdigest()
            file = f"{name}-1.0-py3-none-any.whl"
            page = f'<!DOCTYPE html><a href="/files/{file}#sha256={digest}">{file}</a>'
            self._answer(200, page.encode(), {"Content-Type": "text/html"})
        else:
            self._answer(200, self.wheels[name])

    def do_HEAD(self) -> None:
        # uv asks too, for byte ranges.
        if self.headers["User-Agent"].startswith("uv/"):
            self._answer(405, b"")
            return
        self.heads.append(self.path)
        name = self.path.rpartition("/")[2].partition("-")[0]
        if name == "beta" and "moved" not in self.path:
            self._answer(302, b"", {"Location": f"/moved{self.path}"})
        elif name == "gamma":
            self._answer(403, b"")
        elif name == "delta":
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
        else:
            self._answer(200, self.wheels[name])

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    Index.heads.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def workspace(index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("UV_FRONTEND_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "workspace"
    folder.mkdir()
    folder.joinpath("pyproject.toml").write_text(
        f"""
        [project]
        name = "demo"
        version = "1"
        requires-python = ">=3.11"
        dependencies = ["alpha", "beta", "gamma", "delta"]
        [[tool.uv.index]]
        url = "{index}/simple"
        default = true
        """
    )
    return folder


def lines(workspace: Path) -> dict[str, str]:
    """The line of each wheel in the lock, by package."""
    text = workspace.joinpath("uv.lock").read_text()
    found = [line for line in text.splitlines() if ".whl" in line]
    return {line.partition("/files/")[2].partition("-")[0]: line for line in found}


def test_sizes_are_added_as_uv_writes_them(workspace: Path, index: str) -> None:
    unknown = lock.lock(workspace)

    found = lines(workspace)
    digest = hashlib.sha256(Index.wheels["alpha"]).hexdigest()
    address = f"{index}/files/alpha-1.0-py3-none-any.whl"
    size = len(Index.wheels["alpha"])
    assert found["alpha"].strip() == (
        f'{{ url = "{address}", hash = "sha256:{digest}", size = {size} }},'
    )
    assert f"size = {len(Index.wheels['beta'])} }}" in found["beta"]
    assert "size" not in found["gamma"] + found["delta"]
    assert {url.rpartition("/")[2]: why for url, why in unknown.items()} == {
        "gamma-1.0-py3-none-any.whl": "the server answered 403",
        "delta-1.0-py3-none-any.whl": "the server told no length",
    }
    command = [*lock.uv_command(), "lock", "--check", "--project", str(workspace)]
    subprocess.run(command, check=True, capture_output=True)


def test_nothing_is_asked_twice(workspace: Path) -> None:
    lock.lock(workspace)
    first = workspace.joinpath("uv.lock").read_bytes()
    workspace.joinpath("uv.lock").unlink()
    Index.heads.clear()

    lock.lock(workspace)

    assert workspace.joinpath("uv.lock").read_bytes() == first
    assert {path.rpartition("/")[2][:5] for path in Index.heads} == {"gamma", "delta"}


def test_the_lock_follows_the_manifests(workspace: Path) -> None:
    lock.lock(workspace)
    manifest = workspace / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"beta", ', ""))

    lock.lock(workspace)

    assert set(lines(workspace)) == {"alpha", "gamma", "delta"}


def test_no_server_at_all(workspace: Path) -> None:
    lock.lock(workspace)
    path = workspace / "uv.lock"
    text = path.read_text()
    port = text.partition("http://127.0.0.1:")[2].partition("/")[0]
    path.write_text(text.replace(f":{port}/", ":9/").replace("sha256:", "sha256:0"))

    unknown = lock.lock(workspace)

    assert len(unknown) == 2
    assert all("refused" in reason for reason in unknown.values())


def test_uv_cannot_lock(workspace: Path) -> None:
    manifest = workspace / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"beta"', '"beta==2"'))
    with pytest.raises(lock.LockError, match="status 1"):
        lock.lock(workspace)
    assert not (workspace / "uv.lock").exists()
