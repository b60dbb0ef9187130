"""A base image with musl, as Alpine is one: a CPython compiled from Debian's sources.

Compiling takes a minute or two; the result is kept in the cache folder.
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine import base_image, cache

if TYPE_CHECKING:
    from tests.engine.engines import Engine

TAG = "3.13-musl"
_DOCKERFILE = Path(__file__).with_name("musl.Dockerfile")


def provide(engine: Engine) -> None:
    """Make sure that the engine's registry has the image. Raises BuildError."""
    registry = engine.registry
    if not registry.has(base_image.REPOSITORY, TAG):
        machine = platform.machine()
        architecture = base_image.ARCHITECTURES.get(machine, machine)
        base_image.push(registry, TAG, _layer(engine), architecture)


def _layer(engine: Engine) -> Path:
    """The folder with the image's only layer, made once."""
    key = hashlib.sha256(_DOCKERFILE.read_bytes()).hexdigest()[:12]
    target = cache.root() / "base" / f"musl-{key}"
    with cache.locked(cache.root() / "base" / "musl.lock"):
        if not target.is_dir():
            with cache.building(target) as draft:
                context = draft / "context"
                context.mkdir()
                output = ["--output", f"type=tar,dest={draft / 'layer.tar'}"]
                engine.build(context, *output, dockerfile=_DOCKERFILE)
                base_image.pack(draft / "layer.tar", draft)
    return target
