"""Machines to build on, each with a base image that no earlier run has seen."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.caching.scenario import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Engine

#: BuildKit with MergeOp and a containerd store; BuildKit without either.
KINDS = ("docker28", "docker28-graph")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "machines" in getattr(item, "fixturenames", ()):
            item.add_marker("engine")


class Machines:
    """Machines by the kind of their engine."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self._engines = engines
        self._folder = folder
        self._bases: dict[tuple[str, str], str] = {}
        self._known: dict[str, Machine] = {}

    def get(self, kind: str) -> Machine:
        """The machine with the engine of that kind."""
        if kind not in self._known:
            self._known[kind] = self.fresh(self._engines.get(kind), kind)
        return self._known[kind]

    def fresh(self, engine: Engine, name: str) -> Machine:
        """A machine with an engine of which nothing is known."""
        folder = self._folder / name
        folder.mkdir()
        return Machine(engine, self.base(engine), folder)

    def base(self, engine: Engine, patch: str = "") -> str:
        """A base image with the Python of the public one, patched elsewhere.

        No step on it can be known from an earlier run. All engines get the same one.
        """
        where = "" if engine.kind is None else engine.registry.address
        if (where, patch) not in self._bases:
            token = uuid.uuid4().hex[:12]
            image = f"uv-frontend-test/caching-base:{token}"
            folder = self._folder / token
            folder.mkdir()
            (folder / "patch").write_text(f"{token} {patch}\n")
            (folder / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY patch /etc/patched\n")
            engine.build(folder, "--provenance=false", tag=image)
            engine.publish(image)
            self._bases[where, patch] = image
        return self._bases[where, patch]


@pytest.fixture(scope="session")
def machines(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """Every kind of machine, by `machines.get(kind)`."""
    return Machines(engines, tmp_path_factory.mktemp("machines"))


@pytest.fixture(scope="session", params=KINDS)
def machine(request: pytest.FixtureRequest, machines: Machines) -> Machine:
    """Each kind of machine in turn."""
    return machines.get(request.param)
