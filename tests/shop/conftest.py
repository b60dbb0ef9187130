"""The services of the example workspace as images, built once on each engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

PACKAGES = ("api", "worker", "data", "report")


@dataclass(frozen=True)
class Service:
    """A service of the shop, and the image that the engine has built of it."""

    package: str
    image: str
    base: str
    engine: Engine


@pytest.fixture(scope="session", params=PACKAGES)
def service(request: pytest.FixtureRequest, engine: Engine, locked_shop: Path) -> Iterator[Service]:
    """Each service in turn, built with the Dockerfile of one line."""
    package = request.param
    image = f"uv-frontend-test/shop-{package}"
    engine.build(locked_shop, tag=image, build_args={"package": package})
    label = '{{index .Config.Labels "org.opencontainers.image.base.name"}}'
    base = engine.docker("image", "inspect", "--format", label, image).stdout.strip()
    yield Service(package, image, base, engine)
    engine.docker("rmi", "--force", image, check=False)
