"""The frontend's image, made from this repository, where `# syntax=org/uv-frontend` finds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine.engines import Engine

IMAGE = "org/uv-frontend"
REPOSITORY = Path(__file__).resolve().parents[2]


def provide(engine: Engine, image: str = IMAGE) -> None:
    """Build the image with the engine and put it where its name is found.

    Raises BuildError with everything that the build said.
    """
    engine.build(REPOSITORY, "--provenance=false", tag=image)
    engine.publish(image)
