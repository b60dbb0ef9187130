"""Workspaces for these tests: files by path, locked by uv, and a server for git and archives."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent
from typing import TYPE_CHECKING

from frontend.resolve.export import uv_binary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DOCKERFILE = "# syntax=org/uv-frontend\n"
_GIT = ("-c", "user.name=nobody", "-c", "user.email=nobody@mail.example")


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the files; texts are indented like the test they stand in."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else dedent(content).encode()
        path.write_bytes(data)
    return folder


def lock(folder: Path) -> None:
    """Let uv lock a workspace."""
    done = subprocess.run(
        [uv_binary(), "lock", "--quiet"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it says."""
    done = subprocess.run(
        ["git", *_GIT, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, files: Mapping[str, str | bytes], tag: str) -> None:
    """Make a repository of one commit that can be fetched from a server of plain files."""
    write(folder, files)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    git(folder, "tag", tag)
    bare = folder.with_name(f"{folder.name}.git")
    git(folder, "clone", "--quiet", "--bare", ".", str(bare))
    git(bare, "update-server-info")


def wheel(name: str, code: str = "", version: str = "1.0") -> bytes:
    """A wheel with one module."""
    info, packed = f"{name}-{version}.dist-info", io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.py", code)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return packed.getvalue()


def sdist(name: str, setup: str, requires: str = '["setuptools"]', version: str = "1.0") -> bytes:
    """A source distribution that setuptools builds with a program of its own."""
    files = {
        "setup.py": dedent(setup),
        "pyproject.toml": f"[build-system]\nrequires = {requires}\n"
        'build-backend = "setuptools.build_meta"\n',
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on the machine's loopback address until the block ends; yields the address."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""
