"""An engine with a base image for two architectures, and a program that runs the foreign one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import EngineUnavailable, emulation, foreign_image
from tests.errors.workspaces import BACKEND, DOCKERFILE, SOURCES, Workspace, workspace
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.engine import Engine

#: Writes a wheel for the platform it runs on, as backends do that compile.
COMPILING = (
    BACKEND.replace("import zipfile\n", "import sysconfig\n    import zipfile\n", 1)
    .replace(
        "NAME = Path.cwd().name\n",
        "NAME = Path.cwd().name\n    TAG = "
        '"py3-none-" + sysconfig.get_platform().replace("-", "_")\n',
        1,
    )
    .replace('-1.0-py3-none-any.whl"', '-1.0-{TAG}.whl"')
    .replace(
        '"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"',
        'f"Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {TAG}\\n"',
    )
)


@pytest.fixture(scope="session")
def both(docker28: Engine) -> str:
    """The name of a base image for amd64 and arm64, on an engine that runs amd64 alone."""
    return provide(docker28, foreign_image.TAG)


def provide(engine: Engine, tag: str) -> str:
    """The name of a base image; the test is skipped on engines that it cannot say anything about.

    An engine that runs arm64 programs, as its processor is one or an emulator is registered, would
    prove nothing.
    """
    if engine.kind is None:
        pytest.skip("needs an engine of the tests' own")
    if engine.docker("version", "--format", "{{.Server.Arch}}").stdout.strip() != "amd64":
        pytest.skip("needs an engine on amd64")
    if emulation.any_registered():
        pytest.skip("an emulator of arm64 is registered on this machine")
    try:
        foreign_image.provide(engine.registry)
    except EngineUnavailable as error:
        unmet(str(error))
    return f"python:{tag}"


@pytest.fixture(scope="session")
def emulated(both: str, docker28: Engine) -> Callable[..., str]:
    """Runs a program of an arm64 image in QEMU, started by hand: the kernel knows no emulator."""
    program = emulation.emulator()

    def run(image: str, *command: str) -> str:
        options = ["--platform", "linux/arm64", "--entrypoint", "/emulator"]
        options += ["--volume", f"{program}:/emulator:ro"]
        # Many times slower than without it.
        return docker28.run(image, *command, options=options, timeout=1200).stdout

    return run


@pytest.fixture
def compiled(tmp_path: Path, both: str) -> Workspace:
    """A workspace whose library is for one platform."""
    shop = workspace(tmp_path / "compiled").service("api", 'dependencies = ["core"]\n')
    shop.write("pyproject.toml", SOURCES).library("core", COMPILING).lock()
    return shop.write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{both}"\n')
