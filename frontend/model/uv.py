"""The uv that installs: its version and the image that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import llb

#: The uv in our image; its version is part of the name of the uv cache.
UV_VERSION = "0.13.8"


@dataclass(frozen=True)
class Uv:
    """An image that has uv where our own image has it, and the release it is."""

    filesystem: llb.Output
    version: str = UV_VERSION
