"""The image that `python:3.13-slim` names where the public one cannot be had."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.engine import cache, debian
from tests.engine.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.engine.registry import Registry

REPOSITORY = "library/python"
TAG = "3.13-slim"
_SUITE = "trixie"
_PACKAGES = ("python3", "python3-venv", "ca-certificates")
_OPTIONS = (
    "--variant=minbase",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def provide(registry: Registry) -> None:
    """Make sure that the registry has the base image. Raises EngineUnavailable."""
    if not registry.has(REPOSITORY, TAG):
        machine = platform.machine()
        push(registry, TAG, _layer(), ARCHITECTURES.get(machine, machine))


def push(
    registry: Registry,
    tag: str,
    folder: Path,
    architecture: str,
    *,
    repository: str = REPOSITORY,
    command: str = "python3",
) -> None:
    """Store the layer in `folder` as an image that runs Python, or another command."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config: dict[str, object] = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": [f"PATH={path}"], "Cmd": [command]},
    }
    diff_id = (folder / "diff-id").read_text()
    registry.push_layer(
        repository, tag, layer=folder / "layer.tar.gz", diff_id=diff_id, config=config
    )


def _layer() -> Path:
    """The folder with the image's only layer, made once."""
    recipe = json.dumps([_SUITE, _PACKAGES, _OPTIONS])
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    target = cache.root() / "base" / f"{_SUITE}-{key}"
    with cache.locked(cache.root() / "base" / "lock"):
        if not target.is_dir():
            with cache.building(target) as draft:
                line = debian.source_line(_SUITE)
                bootstrap(draft, _SUITE, line, [*_OPTIONS, f"--include={','.join(_PACKAGES)}"])
    return target


def bootstrap(draft: Path, suite: str, source: str, options: Sequence[str]) -> None:
    """Make a distribution's image in `draft`: a packed layer, and the digest of its contents.

    `source` is a line of sources.list(5), `options` are mmdebstrap's. Raises EngineUnavailable.
    """
    tool = debian.unpack("bookworm", ("mmdebstrap",))
    tar = draft / "layer.tar"
    env = {
        **os.environ,
        "PATH": f"{tool.root / 'usr/bin'}:{os.environ.get('PATH', os.defpath)}",
        # A fixed time for whatever the bootstrap itself writes.
        "SOURCE_DATE_EPOCH": "1700000000",
        "TMPDIR": str(draft),
    }
    command = [str(tool.executable("mmdebstrap")), "--mode=root", *options]
    command += [suite, str(tar), source]
    if shutil.which("perl") is None:
        raise EngineUnavailable("perl is missing: it runs mmdebstrap, which makes the base image")
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise EngineUnavailable(f"mmdebstrap could not make the base image:\n{done.stderr[-3000:]}")
    pack(tar, draft)


def pack(tar: Path, folder: Path) -> None:
    """Compress a layer's tar into `folder`, beside the digest of its contents; the tar goes."""
    plain = hashlib.sha256()
    with (
        tar.open("rb") as source,
        (folder / "layer.tar.gz").open("wb") as packed,
        gzip.GzipFile("", "wb", compresslevel=5, fileobj=packed, mtime=0) as target,
    ):
        while chunk := source.read(1 << 20):
            plain.update(chunk)
            target.write(chunk)
    tar.unlink()
    (folder / "diff-id").write_text(f"sha256:{plain.hexdigest()}")
