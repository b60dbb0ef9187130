"""Checkouts of the shop, and what only the machine that runs the tests needs."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.shop import reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine

SERVICES = ("api", "worker", "data", "report")


@pytest.fixture(scope="session")
def shop(locked_shop: Path) -> Path:
    """The workspace, locked."""
    return locked_shop


@pytest.fixture
def checkout(shop: Path, tmp_path: Path) -> Path:
    """The workspace in a folder of its own."""
    return reference.checkout(shop, tmp_path / "shop")


@pytest.fixture(scope="session")
def fresh_base(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A base image on which nothing was ever built."""
    folder = tmp_path_factory.mktemp("base")
    name = f"uv-frontend-test/compose-base:{uuid.uuid4().hex[:12]}"
    (folder / "patch").write_text(name)
    (folder / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY patch /etc/patched\n")
    docker28.build(folder, "--provenance=false", tag=name)
    docker28.publish(name)
    return name
