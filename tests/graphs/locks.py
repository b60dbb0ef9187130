"""Locks of the examples with addresses of no real index: `python -m tests.graphs.locks [NAME …]`.

The examples' own locks are not committed: they carry the addresses of whatever index made them.
These name an index that does not exist, and of each package only files that a case could choose.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
PLANS = REPOSITORY / "tests" / "plans" / "workspaces"
WORKSPACES = Path(__file__).with_name("workspaces")
LOCKS = Path(__file__).with_name("locks")
#: Locks of what no index has, which are written by hand.
BY_HAND = ("origins",)
#: What a checkout may hold besides what is committed.
UNCOMMITTED = ("uv.lock", ".venv", "__pycache__", "*.egg-info", ".*_cache")

_REGISTRY = re.compile(r'registry = "https://[^"]*/simple/?"')
_FILE = re.compile(r'url = "https://[^"]*/packages/')
_WHEEL = re.compile(r'^ +\{ url = "[^"]*/([^"/]+\.whl)".*\n', re.MULTILINE)
_PYTHONS = re.compile(r"-(?:py3|py2\.py3|cp3[0-9]+-abi3|cp31[123])-")
_PLATFORMS = re.compile(r"any|(?:many|musl)?linux.*(?:x86_64|aarch64)")


def source(name: str) -> Path:
    """Return the folder that a workspace of that name is copied from."""
    places = (WORKSPACES / name, EXAMPLES / name, PLANS / name)
    return next(place for place in places if place.is_dir())


def public(text: str) -> str:
    """Return a lock with addresses of no real index, and with wheels for Linux only."""
    text = _REGISTRY.sub('registry = "https://index.example/simple"', text)
    text = _FILE.sub('url = "https://files.index.example/packages/', text)
    return _WHEEL.sub(lambda match: match[0] if _wanted(match[1]) else "", text)


def _wanted(wheel: str) -> bool:
    tags = wheel.removesuffix(".whl").rpartition("-")[2]
    return bool(_PYTHONS.search(wheel) and _PLATFORMS.fullmatch(tags))


def write(name: str) -> None:
    """Lock a workspace anew, with the index of this machine."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top, name)
        shutil.copytree(source(name), folder, ignore=shutil.ignore_patterns(*UNCOMMITTED))
        command = [sys.executable, "-m", "uv", "lock", "--project", str(folder)]
        # There is no history that a version could be made from.
        env = {**os.environ, "SETUPTOOLS_SCM_PRETEND_VERSION": "0"}
        subprocess.run(command, check=True, env=env)
        (LOCKS / f"{name}.lock").write_text(public((folder / "uv.lock").read_text()))


def main() -> None:
    """Write the locks that are named, or all that are there."""
    for name in sys.argv[1:] or sorted({path.stem for path in LOCKS.iterdir()} - {*BY_HAND}):
        write(name)


if __name__ == "__main__":
    main()
