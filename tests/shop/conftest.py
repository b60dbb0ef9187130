"""The services of the example workspace as images, built once on each engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples import lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

SHOP = Path(lock.__file__).with_name("shop")
PACKAGES = ("api", "worker", "data", "report")


@dataclass(frozen=True)
class Service:
    """A service of the shop, and the image that the engine has built of it."""

    package: str
    image: str
    base: str
    engine: Engine


@pytest.fixture(scope="session")
def shop() -> Path:
    """The workspace, locked."""
    lock.lock(SHOP)
    return SHOP


@pytest.fixture(scope="session", params=PACKAGES)
def service(request: pytest.FixtureRequest, engine: Engine, shop: Path) -> Iterator[Service]:
    """Each service in turn, built with the Dockerfile of one line."""
    package = request.param
    image = f"uv-frontend-test/shop-{package}"
    engine.build(shop, tag=image, build_args={"package": package})
    label = '{{index .Config.Labels "org.opencontainers.image.base.name"}}'
    base = engine.docker("image", "inspect", "--format", label, image).stdout.strip()
    yield Service(package, image, base, engine)
    engine.docker("rmi", "--force", image, check=False)
