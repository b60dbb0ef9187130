"""The image that `ubuntu:26.04` names where the public one cannot be had.

Made from Ubuntu's packages; its sources.list is that of Ubuntu's archive. It has no Python.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import platform
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from tests.engine import base_image, cache, debian
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.registry import Registry

REPOSITORY = "library/ubuntu"
TAG = "26.04"
ARCHIVE = "http://archive.ubuntu.com/ubuntu"
_SUITE = "resolute"
_OPTIONS = (
    "--variant=apt",
    # libexpat1 is what a CPython that is not linked statically needs.
    "--include=ca-certificates,libexpat1",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)


def provide(registry: Registry) -> None:
    """Make sure that the registry has the image. Raises EngineUnavailable."""
    if not registry.has(REPOSITORY, TAG):
        if platform.machine() != "x86_64":
            raise EngineUnavailable("Ubuntu's archive is for amd64")
        base_image.push(registry, TAG, _layer(), "amd64", repository=REPOSITORY, command="bash")


def _layer() -> Path:
    """The folder with the image's only layer, made once."""
    key = hashlib.sha256(json.dumps([ARCHIVE, _SUITE, _OPTIONS]).encode()).hexdigest()[:12]
    target = cache.root() / "base" / f"{_SUITE}-{key}"
    with cache.locked(cache.root() / "base" / "ubuntu.lock"):
        if not target.is_dir():
            _reach()
            keys = debian.unpack("trixie", ("ubuntu-keyring",)).root
            ring = keys / "usr/share/keyrings/ubuntu-archive-keyring.gpg"
            line = f"deb [signed-by={ring}] {ARCHIVE} {_SUITE} main"
            # The image's own list names keys by where they are in it.
            listed = f"deb {ARCHIVE} {_SUITE} main"
            write = f"--customize-hook=echo '{listed}' > \"$1/etc/apt/sources.list\""
            with cache.building(target) as draft:
                base_image.bootstrap(draft, _SUITE, line, [*_OPTIONS, write])
    return target


def _reach() -> None:
    try:
        _fetch(f"{ARCHIVE}/dists/{_SUITE}/Release")
    except OSError as error:
        raise EngineUnavailable(f"Ubuntu's archive cannot be reached: {error}") from error


def _fetch(url: str) -> bytes:
    """A file of the archive, asked for more than once. Raises OSError."""
    found = b""
    for left in (2, 1, 0):
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                found = reply.read()
            break
        except OSError as error:
            # What it answers, it will answer again.
            if isinstance(error, urllib.error.HTTPError) or not left:
                raise
            time.sleep(2)
    return found


def version(package: str) -> str:
    """The version of a package in the archive. Raises KeyError where it has none, and OSError."""
    url = f"{ARCHIVE}/dists/{_SUITE}/main/binary-amd64/Packages.xz"
    return debian.version(lzma.decompress(_fetch(url)).decode(), package)
