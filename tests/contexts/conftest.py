"""The shop, an index and a server, for all tests of this folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.contexts.server import Site
from tests.contexts.server import serve as serve_site
from tests.contexts.shop import fill
from tests.errors.index import Index, serve
from tests.errors.workspaces import Workspace
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _private_engine(request: pytest.FixtureRequest) -> None:
    """The engine has to share the loopback address with these tests."""
    for name in ("engine", "docker28"):
        if name in request.fixturenames and request.getfixturevalue(name).kind is None:
            pytest.skip("needs an engine of the tests' own")


@pytest.fixture(scope="session", autouse=True)
def _git() -> None:
    """Git fetches for the engine, and answers for the server."""
    if shutil.which("git") is None:
        unmet("the program git is missing")


@pytest.fixture(scope="session")
def index() -> Iterator[Index]:
    """An index that has what the shop needs."""
    with serve() as served:
        yield served


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Path:
    """The shop: locked, committed. Not to be changed."""
    return fill(Workspace(tmp_path_factory.mktemp("shop")), index).folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server of files and git repositories."""
    with serve_site(tmp_path_factory.mktemp("repositories")) as served:
        yield served


@pytest.fixture(scope="session")
def repository(site: Site, shop: Path) -> str:
    """The address of the shop's repository."""
    return site.repository("shop", shop)
