"""Where the private engine keeps its files, and how concurrent runs stay out of each other's way.

Downloads, images and engine data live below one cache folder; sockets and records of running
processes live below `/run`, because a unix socket's path may have 107 bytes at most and because
`/run` is emptied when the machine restarts, as the processes are.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNTIME = Path("/run/uv-frontend")


def root() -> Path:
    """The cache folder: `UV_FRONTEND_CACHE`, else `uv-frontend` in the user's cache folder."""
    if override := os.environ.get("UV_FRONTEND_CACHE"):
        return Path(override).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "uv-frontend"


def runtime() -> Path:
    """The folder of sockets and process records that belongs to this cache folder."""
    return RUNTIME / hashlib.sha256(os.fsencode(root())).hexdigest()[:8]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, waiting for it; the kernel frees it if we are killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """A fresh folder that becomes `target` when the block ends well, and vanishes when not.

    To be called with a lock on the target: drafts of runs that were killed are removed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f"{target.name}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    draft.mkdir()
    try:
        yield draft
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
