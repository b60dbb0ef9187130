"""A base image for arm64 as well as amd64, on an engine that runs amd64 only.

The arm64 part is Debian's packages as they are unpacked: no program of theirs is run to make it, so
no emulator is needed. Its files are the same on every machine.
"""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING

from tests.engine import base_image, cache, debian

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.registry import Registry

#: The base for both architectures, and its part for arm64 alone.
TAG = "3.13-both"
ARM64 = "3.13-arm64"
_SUITE = "trixie"
#: What runs Python, and what wheels expect of a system beyond it (PEP 600's libraries).
_PACKAGES = (
    *("base-files", "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1", "libffi8"),
    *(
        "libssl3t64",
        "libzstd1",
        "libbz2-1.0",
        "liblzma5",
        "libuuid1",
        "libsqlite3-0",
        "media-types",
    ),
    *("python3-minimal", "python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"),
)
_RECIPE = 1


def provide(registry: Registry) -> None:
    """Make sure that the registry has both tags. Raises EngineUnavailable."""
    if registry.has(base_image.REPOSITORY, TAG):
        return
    base_image.provide(registry)
    base_image.push(registry, ARM64, _layer(), "arm64")
    tags = {"amd64": base_image.TAG, "arm64": ARM64}
    registry.push_index(base_image.REPOSITORY, TAG, tags)


def _layer() -> Path:
    """The folder with the arm64 image's only layer, made once."""
    recipe = f"{_RECIPE} {_SUITE} {' '.join(_PACKAGES)}"
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    target = cache.root() / "base" / f"{_SUITE}-arm64-{key}"
    with cache.locked(cache.root() / "base" / "arm64.lock"):
        if not target.is_dir():
            unpacked = debian.unpack(_SUITE, _PACKAGES, "arm64").root
            with cache.building(target) as draft:
                _archive(unpacked, draft / "layer.tar")
                base_image.pack(draft / "layer.tar", draft)
    return target


def _archive(root: Path, tar: Path) -> None:
    def settled(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if info.name == "versions" or info.name.startswith(("usr/share/doc", "usr/share/man")):
            return None
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 1700000000
        return info

    accounts = root / "etc"
    (accounts / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (accounts / "group").write_text("root:x:0:\n")
    with tarfile.open(tar, "w") as archive:
        for path in sorted(root.iterdir()):
            archive.add(path, path.name, filter=settled)
