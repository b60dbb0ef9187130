"""What is built for one platform only, on an engine that can run programs of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine import EngineUnavailable, emulation
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

import pytest


@pytest.fixture
def _registered(both: str) -> Iterator[None]:
    try:
        with emulation.registered():
            yield
    except EngineUnavailable as error:
        unmet(str(error))


@pytest.mark.usefixtures("_registered")
def test_it_runs_on_the_image_s_platform(
    docker28: Engine, compiled: Workspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    options = ["--platform", "linux/amd64,linux/arm64", "--output", f"type=local,dest={out}"]
    build = docker28.build(compiled.folder, *options)
    for platform, machine in (("linux_amd64", "x86_64"), ("linux_arm64", "aarch64")):
        found = out / platform / "app/.venv/lib/python3.13/site-packages/core-1.0.dist-info/WHEEL"
        assert f"Tag: py3-none-linux_{machine}\n" in found.read_text()
    # Each has a step of its own; what does not depend on the processor is shared.
    assert len([v for v in build.vertexes if v.name.endswith("] member: core")]) == 2
    assert len([v for v in build.vertexes if v.name.endswith("] virtual environment")]) == 1
