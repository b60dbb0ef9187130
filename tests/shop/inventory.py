"""Print as JSON what a virtual environment holds, or which files there are around it.

    python inventory.py venv /app/.venv
    python inventory.py files /app/.venv      (every file of this system that is not below there)

Runs inside an image, with that image's Python: standard library only, Python 3.8 or newer. `venv`
reads the dist-info folders itself, because `importlib.metadata` would need that Python to be the
environment's own.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import stat
import sys
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

# What an installer notes about how it installed, not what it installed.
NOTES = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_build.json", "uv_cache.json"}
# The kernel's own, and the files an engine puts into every container.
UNSEEN = {"/proc", "/sys", "/dev"}
OF_THE_ENGINE = {"/.dockerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/mtab"}


def venv(root: Path) -> dict[str, Any]:
    distributions: list[dict[str, Any]] = []
    owned: set[str] = set()
    damaged: list[str] = []
    for site in sorted(root.glob("lib/python*/site-packages")):
        for info in sorted(site.glob("*.dist-info")):
            distributions.append(distribution(site, info, owned, damaged))
    unowned = []
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        paths = [str(Path(folder, name)) for name in names + links if not name.endswith(".pyc")]
        unowned += [os.path.relpath(path, root) for path in paths if path not in owned]
    return {
        "python": sys.version.split()[0],
        "distributions": distributions,
        "unowned": sorted(unowned),
        "damaged": sorted(damaged),
    }


def distribution(site: Path, info: Path, owned: set[str], damaged: list[str]) -> dict[str, Any]:
    metadata = (info / "METADATA").read_bytes()
    headers = BytesHeaderParser().parsebytes(metadata)
    entry_points = info / "entry_points.txt"
    files: dict[str, str] = {}
    with (info / "RECORD").open(encoding="utf-8", newline="") as lines:
        for name, digest, _ in csv.reader(lines):
            path = os.path.normpath(site / name)
            owned.add(path)
            folder, _, leaf = name.rpartition("/")
            if leaf.endswith(".pyc") or (folder == info.name and leaf in NOTES):
                continue
            files[name] = digest
            if not Path(path).is_file():
                damaged.append(path + " is missing")
            elif digest and digest != record_digest(path):
                damaged.append(path + " is not what RECORD says")
    return {
        "name": str(headers["Name"]),
        "version": str(headers["Version"]),
        "metadata": hashlib.sha256(metadata).hexdigest(),
        "entry_points": entry_points.read_text(encoding="utf-8") if entry_points.is_file() else "",
        "files": files,
    }


def record_digest(path: str) -> str:
    """SHA-256 as RECORD writes it: URL-safe base64 without padding."""
    digest = hashlib.sha256(Path(path).read_bytes()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def files(without: Path) -> dict[str, str]:
    """Say of each path what is there, with a file's size or a link's target."""
    found: dict[str, str] = {}
    unseen = UNSEEN | {str(without)}
    for folder, folders, names in os.walk("/"):
        prefix = folder.rstrip("/") + "/"
        folders[:] = [name for name in folders if prefix + name not in unseen]
        for path in (prefix + name for name in folders + names):
            if path not in OF_THE_ENGINE:
                found[path] = what_is(path)
    return found


def what_is(path: str) -> str:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return f"a link to {Path(path).resolve()}"
    if stat.S_ISDIR(status.st_mode):
        return "a folder"
    return f"a file of {status.st_size} bytes"


if __name__ == "__main__":
    task = {"venv": venv, "files": files}[sys.argv[1]]
    json.dump(task(Path(sys.argv[2])), sys.stdout)
