#!/usr/bin/env python3
"""Lock an example workspace: the same lock every time, with the size of every artifact.

    python examples/lock.py [WORKSPACE ...]          (default: the shop)

A lock carries the addresses of one index, so the examples' locks are not committed. Their pins and
`exclude-newer` leave `uv lock` no choice, provided that it does not prefer what an older lock has.

Indexes with a JSON API tell the size of each file and uv notes it. For other indexes the sizes are
asked from the files' addresses (HEAD) and kept by content hash in the user's cache directory. A
size that cannot be had is left out, as uv does.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHOP = Path(__file__).resolve().parent / "shop"

# An artifact as uv writes it: `{ url = "…", hash = "sha256:…", size = N, upload-time = "…" }`. The
# size comes directly after the hash, so its absence shows there.
_UNSIZED = re.compile(r'url = "(?P<url>[^"]+)", hash = "(?P<hash>[^"]+)"(?!, size =)')
_CONNECTIONS = 16
_TIMEOUT_SECONDS = 20
_ATTEMPTS = 3
_REDIRECTS = 5
_PROXIES = urllib.request.getproxies()


class LockError(Exception):
    """The workspace could not be locked; uv has already said why."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Lock an example workspace, with artifact sizes.")
    parser.add_argument("workspace", nargs="*", type=Path, default=[SHOP])
    for workspace in parser.parse_args(arguments).workspace:
        try:
            unknown = lock(workspace)
        except LockError as error:
            print(f"{workspace}: {error}", file=sys.stderr)
            return 1
        for url, reason in sorted(unknown.items()):
            print(f"{workspace}: size left out: {url}: {reason}", file=sys.stderr)
    return 0


def lock(workspace: Path) -> dict[str, str]:
    """Bring `uv.lock` of the workspace up to date and give each artifact its size.

    Returns why the sizes that are missing could not be had, by address. Raises LockError if uv
    cannot lock.
    """
    path = workspace / "uv.lock"
    if not _is_current(path):
        _run_uv_lock(workspace)
    text = path.read_text(encoding="utf-8")
    wanted = {match["hash"]: match["url"] for match in _UNSIZED.finditer(text)}
    if not wanted:
        return {}
    cache = _SizeCache(_cache_directory() / "artifact-sizes.json")
    sizes, unknown = _sizes(wanted, cache)
    _replace(path, add_sizes(text, sizes))
    return unknown


def add_sizes(text: str, sizes: Mapping[str, int]) -> str:
    """The lock's text, with `size` added where it is missing; sizes are bytes by artifact hash."""

    def sized(match: re.Match[str]) -> str:
        size = sizes.get(match["hash"])
        return match[0] if size is None else f"{match[0]}, size = {size}"

    return _UNSIZED.sub(sized, text)


def uv_command() -> list[str]:
    """The uv of this Python's environment, which is pinned there; otherwise the one on PATH."""
    if importlib.util.find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    if found is None:
        raise LockError("uv is neither in this environment nor on PATH")
    return [found]


def _manifests(workspace: Path) -> Iterator[Path]:
    for folder, subfolders, files in os.walk(workspace):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        if "pyproject.toml" in files:
            yield Path(folder, "pyproject.toml")


def _is_current(path: Path) -> bool:
    if not path.exists():
        return False
    made = path.stat().st_mtime_ns
    return all(manifest.stat().st_mtime_ns < made for manifest in _manifests(path.parent))


def _run_uv_lock(workspace: Path) -> None:
    # `--upgrade` ignores the versions of a lock that is already there; else history would decide.
    finished = subprocess.run(
        [*uv_command(), "lock", "--upgrade", "--project", str(workspace)], check=False
    )
    if finished.returncode != 0:
        raise LockError(f"uv lock ended with status {finished.returncode}")
    # uv does not write a lock that stays the same, which would look older than the manifests.
    (workspace / "uv.lock").touch()


class _SizeCache:
    """Sizes in bytes by artifact hash, in a JSON file. What it holds never goes out of date."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.sizes = self._read()

    def add(self, sizes: Mapping[str, int]) -> None:
        if sizes:
            # Read again: another run may have written meanwhile.
            self.sizes = self._read() | dict(sizes)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _replace(self._path, json.dumps(self.sizes, indent=0, sort_keys=True))

    def _read(self) -> dict[str, int]:
        try:
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {key: size for key, size in loaded.items() if isinstance(size, int)}


def _sizes(wanted: Mapping[str, str], cache: _SizeCache) -> tuple[dict[str, int], dict[str, str]]:
    """Sizes by hash of the artifacts wanted (addresses by hash); by address why one is missing."""
    unknown: dict[str, str] = {}
    asked: dict[str, int] = {}
    missing = [(digest, url) for digest, url in wanted.items() if digest not in cache.sizes]
    if missing:
        print(f"asking for the sizes of {len(missing)} artifacts", file=sys.stderr)
        answers = _ask(url for _, url in missing)
        for (digest, url), answer in zip(missing, answers, strict=True):
            if isinstance(answer, int):
                asked[digest] = answer
            else:
                unknown[url] = answer
        cache.add(asked)
    return {digest: cache.sizes[digest] for digest in wanted if digest in cache.sizes}, unknown


def _ask(urls: Iterable[str]) -> list[int | str]:
    """Content-Length of each address, in order; a sentence where it cannot be had."""
    client = _Client()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(pool.map(client.content_length, urls))


class _Client(threading.local):
    """HEAD requests over connections that stay open.

    Thousands of connections would need as many name look-ups, and some resolvers drop those. Each
    thread has connections of its own. SSL_CERT_FILE and SSL_CERT_DIR are honoured, and the proxy
    variables as urllib reads them.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str], http.client.HTTPConnection] = {}
        self._unreachable: dict[tuple[str, str], str] = {}
        self._tls = ssl.create_default_context()

    def content_length(self, url: str) -> int | str:
        for _ in range(_REDIRECTS):
            parts = urlsplit(url)
            server = (parts.scheme, parts.netloc.rpartition("@")[2])
            if parts.scheme not in {"http", "https"}:
                return f"cannot ask a {parts.scheme} address"
            if server in self._unreachable:
                return self._unreachable[server]
            try:
                status, headers = self._head(server, parts)
            except (OSError, http.client.HTTPException) as error:
                reason = str(error) or type(error).__name__
                self._unreachable[server] = reason
                return reason
            if status in {301, 302, 303, 307, 308} and headers["Location"]:
                url = urljoin(url, headers["Location"])
                continue
            length = headers["Content-Length"]
            if status != HTTPStatus.OK:
                return f"the server answered {status}"
            return int(length) if length and length.isdigit() else "the server told no length"
        return "too many redirects"

    def _head(
        self, server: tuple[str, str], parts: SplitResult
    ) -> tuple[int, http.client.HTTPMessage]:
        # Without `identity` a server may compress, and then tell the compressed length.
        headers = {"Accept-Encoding": "identity", "User-Agent": "uv-frontend-example"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        for attempt in range(_ATTEMPTS):
            connection = self._connections.get(server) or self._connect(server)
            try:
                connection.request("HEAD", target, headers=headers)
                response = connection.getresponse()
                response.read()
            except (OSError, http.client.HTTPException):
                # Servers close connections after a number of requests; a look-up may fail once.
                connection.close()
                self._connections.pop(server, None)
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return response.status, response.headers
        raise AssertionError("the last attempt returns or raises")

    def _connect(self, server: tuple[str, str]) -> http.client.HTTPConnection:
        scheme, netloc = server
        proxy = None if urllib.request.proxy_bypass(netloc) else _PROXIES.get(scheme)
        if proxy is None:
            connection = self._open(scheme, netloc)
        else:
            via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            connection = self._open(scheme, via.netloc.rpartition("@")[2])
            connection.set_tunnel(netloc)
        self._connections[server] = connection
        return connection

    def _open(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "http":
            return http.client.HTTPConnection(netloc, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(netloc, timeout=_TIMEOUT_SECONDS, context=self._tls)


def _cache_directory() -> Path:
    if override := os.environ.get("UV_FRONTEND_CACHE"):
        return Path(override)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv-frontend"


def _replace(path: Path, text: str) -> None:
    """Write the file as a whole, so that a reader sees the old one or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=path.parent, delete=False
    ) as file:
        file.write(text)
    temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
