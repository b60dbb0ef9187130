"""Images made for these tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.errors.index import Certificate
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine import Engine

#: Takes the place of the script that the frontend's image runs, and breaks something first.
START = """\
import os
import sys

sys.path[:0] = ["/opt/uv-frontend/code", "/opt/uv-frontend/packages"]
{fault}
from frontend.__main__ import main

os._exit(main())
"""


@pytest.fixture
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for an index. Without openssl the test is skipped, but fails where CI is set.

    Debian has it wherever ca-certificates is.
    """
    try:
        return Certificate.create(tmp_path_factory.mktemp("certificate"))
    except FileNotFoundError:
        unmet("the program openssl is missing, which makes the certificate")


@pytest.fixture(autouse=True)
def _private_engine(request: pytest.FixtureRequest) -> None:
    """These tests need an engine's log and registry, and to share the loopback address with it."""
    if "engine" in request.fixturenames and request.getfixturevalue("engine").kind is None:
        pytest.skip("needs an engine of the tests' own")


@pytest.fixture
def image(
    docker28: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., str]]:
    """Makes an image from an ordinary Dockerfile and further files, and gives its name."""
    made = []

    def make(name: str, dockerfile: str, **files: str) -> str:
        folder: Path = tmp_path_factory.mktemp(name)
        (folder / "Dockerfile").write_text(dockerfile)
        for stem, text in files.items():
            (folder / f"{stem}.py").write_text(text)
        tag = f"uv-frontend-test/{name}"
        docker28.build(folder, "--provenance=false", tag=tag)
        docker28.publish(tag)
        made.append(tag)
        return tag

    yield make
    docker28.docker("rmi", "--force", *made, check=False)


@pytest.fixture
def broken_frontend(image: Callable[..., str]) -> Callable[[str], str]:
    """Makes a frontend that runs a line of Python before it starts."""

    def make(fault: str) -> str:
        dockerfile = "FROM org/uv-frontend\nCOPY start.py /opt/uv-frontend/start.py\n"
        return image("broken", dockerfile, start=START.format(fault=fault))

    return make
