"""The git server, which all tests of the run share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.secrets import git_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine
    from tests.secrets.git_server import GitServer


@pytest.fixture(autouse=True)
def _private_engine(request: pytest.FixtureRequest) -> None:
    """These tests need an engine's log and registry, and to share the loopback address with it."""
    if "engine" in request.fixturenames and request.getfixturevalue("engine").kind is None:
        pytest.skip("needs an engine of the tests' own")


@pytest.fixture(scope="session")
def repository(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A repository that not everybody may read."""
    with git_server.serve(docker28, tmp_path_factory.mktemp("git")) as server:
        yield server
