"""The environments that uv itself makes of a workspace, as the measure of what our images hold.

`uv sync` runs in a container of the base image, at the place that images have their environment.
Nothing of this project takes part. What it finds is kept below the tests' cache folder: it depends
on nothing but the workspace, uv, the base image and the script that looks.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from uv import find_uv_bin

from tests.engine import ca_bundle, cache
from tests.shop.distributions import SCRIPT, VENV, Inventory

if TYPE_CHECKING:
    from tests.engine import Engine

# What builds and tools leave beside the sources.
_MADE = shutil.ignore_patterns(".*_cache", ".venv", "__pycache__", "*.egg-info", "build", "dist")

_SYNC = f"""
set -e
cp -r /reference/workspace /workspace
cd /workspace
/reference/uv sync --quiet --frozen --no-dev --no-editable --package "$1"
exec {VENV}/bin/python -I -B /reference/inventory.py venv {VENV}
"""


def of_package(engine: Engine, workspace: Path, package: str, base: str) -> Inventory:
    """The environment of `uv sync --frozen --no-dev --no-editable --package PACKAGE` on a base.

    Takes a locked workspace. Needs the network unless the answer is already known.
    """
    home = cache.root() / "reference" / _key(engine, workspace, base)
    known = home / f"{package}.json"
    with cache.locked(cache.root() / "locks" / f"reference-{home.name}-{package}.lock"):
        if not known.exists():
            text = _sync(engine, workspace, package, base)
            Inventory.parse(text)
            home.mkdir(parents=True, exist_ok=True)
            draft = known.with_suffix(".tmp")
            draft.write_text(text, encoding="utf-8")
            draft.rename(known)
        return Inventory.parse(known.read_text(encoding="utf-8"))


def checkout(workspace: Path, folder: Path) -> Path:
    """Copy a workspace into a new folder, without what builds and tools have left in it."""
    return shutil.copytree(workspace, folder, ignore=_MADE)


def files(folder: Path) -> list[Path]:
    """All files that `checkout` would copy."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        made = _MADE(parent, [*folders, *names])
        folders[:] = [name for name in folders if name not in made]
        found += [Path(parent, name) for name in names if name not in made]
    return sorted(found)


def _sync(engine: Engine, workspace: Path, package: str, base: str) -> str:
    wheels = cache.root() / "reference" / "uv-cache"
    wheels.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=wheels.parent) as folder:
        fresh = checkout(workspace, Path(folder, "workspace"))
        binds = {
            fresh: "workspace:ro",
            SCRIPT: "inventory.py:ro",
            Path(find_uv_bin()): "uv:ro",
            wheels: "cache",
        }
        env = {
            "UV_CACHE_DIR": "/reference/cache",
            "UV_LINK_MODE": "copy",
            "UV_NO_MANAGED_PYTHON": "1",
            "UV_PROJECT_ENVIRONMENT": VENV,
        }
        if bundle := ca_bundle():
            binds[bundle] = "ca.pem:ro"
            env["SSL_CERT_FILE"] = "/reference/ca.pem"
        options = ["--user", "0", "--entrypoint", "sh"]
        for path, place in binds.items():
            options += ["--volume", f"{path}:/reference/{place}"]
        for name, value in env.items():
            options += ["--env", f"{name}={value}"]
        return engine.docker("run", "--rm", *options, base, "-c", _SYNC, "sync", package).stdout


def _key(engine: Engine, workspace: Path, base: str) -> str:
    """Digest of everything that the answer depends on."""
    engine.docker("pull", "--quiet", base)
    # Not the image's identity, which is another one in each kind of image store.
    what = "{{json .RootFS.Layers}} {{json .Config.Env}} {{.Os}}/{{.Architecture}}"
    layers = engine.docker("image", "inspect", "--format", what, base).stdout
    digest = hashlib.sha256(f"{version('uv')}\n{layers}\n{_SYNC}\n".encode())
    digest.update(SCRIPT.read_bytes())
    for path in files(workspace):
        contents = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(workspace)} {contents}\n".encode())
    return digest.hexdigest()[:16]
