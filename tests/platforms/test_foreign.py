"""arm64 on an engine for amd64, with no emulator: no program of arm64 can have run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.engine import foreign_image
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace, workspace
from tests.platforms.conftest import provide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.engine import Build, Engine
    from tests.engine.progress import Vertex

IMAGE = "uv-frontend-test/platforms"
#: What the arm64 image says of itself.
ASK = """\
import json, platform, sys
import numpy, pyarrow
from importlib.util import find_spec
print(json.dumps({
    "machine": platform.machine(),
    "prefix": sys.prefix,
    "sum": float(numpy.arange(4).reshape(2, 2).dot([[1, 0], [0, 1]]).sum()),
    "extension": numpy._core._multiarray_umath.__file__,
    "bytecode": numpy.__cached__,
    "data": find_spec("data").origin,
}))
"""
#: The files of each processor, by the number in the head of ELF files.
MACHINES = """\
import json, pathlib
found = {}
for path in pathlib.Path("/app/.venv").rglob("*"):
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(b"\\x7fELF"):
            found.setdefault(int.from_bytes(head[18:], "little"), []).append(str(path))
print(json.dumps(found))
"""
EM_AARCH64 = "183"  # elf.h
#: What stands before a layer's title.
LAYER = re.compile(r"^\[linux/\S+ \d+/\d+\] ")


def titles(vertexes: Iterable[Vertex]) -> list[str]:
    """What the steps that make layers are called, sorted, without the platform."""
    names = [vertex.name for vertex in vertexes if LAYER.match(vertex.name)]
    return sorted(LAYER.sub("", name) for name in names)


@pytest.fixture(scope="module")
def built(docker28: Engine, both: str, locked_shop: Path) -> Iterator[Build]:
    """The shop's data service for two platforms, in one build."""
    options = ["--platform", "linux/amd64,linux/arm64"]
    arguments = {"package": "data", "base": both}
    yield docker28.build(locked_shop, *options, tag=IMAGE, build_args=arguments)
    docker28.docker("rmi", "--force", IMAGE, check=False)


def test_one_result_with_both(docker28: Engine, built: Build) -> None:
    for architecture in ("amd64", "arm64"):
        options = ["--platform", f"linux/{architecture}", "--format", "{{json .}}"]
        about = json.loads(docker28.docker("image", "inspect", *options, IMAGE).stdout)
        assert about["Architecture"] == architecture
        assert about["Config"]["Entrypoint"] == ["/app/.venv/bin/data"]


def test_the_arm64_image_runs(built: Build, emulated: Callable[..., str]) -> None:
    said = json.loads(emulated(IMAGE, "/app/.venv/bin/python", "-c", ASK))
    assert said["machine"] == "aarch64"
    assert said["prefix"] == "/app/.venv"
    assert said["sum"] == 6.0
    assert said["extension"].endswith("aarch64-linux-gnu.so")
    assert said["bytecode"].endswith(".cpython-313.pyc")
    assert said["data"].startswith("/app/.venv/lib/python3.13/site-packages/")


def test_nothing_of_the_build_platform_is_in_it(built: Build, emulated: Callable[..., str]) -> None:
    machines = json.loads(emulated(IMAGE, "/usr/bin/python3", "-c", MACHINES))
    assert list(machines) == [EM_AARCH64], machines
    assert any("/numpy/" in path for path in machines[EM_AARCH64])


def test_what_is_the_same_for_both_is_installed_once(built: Build) -> None:
    found = titles(built.vertexes)
    for title in ("virtual environment", "member: data", "member: shop-core"):
        assert found.count(title) == 1
    # What depends on the processor is installed for each.
    assert len([title for title in found if title.startswith("scipy ")]) == 2


def test_nothing_runs_again(docker28: Engine, both: str, built: Build, locked_shop: Path) -> None:
    arguments = {"package": "data", "base": both}
    again = docker28.build(
        locked_shop, "--platform", "linux/amd64,linux/arm64", tag=IMAGE, build_args=arguments
    )
    # A step in common goes by the platform that was first.
    assert titles(again.vertexes) == titles(built.vertexes)
    assert titles(again.executed) == []


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path / "shop").service("api")


def test_a_base_that_exists_for_the_other_platform_alone(
    engine: Engine, shop: Workspace, tmp_path: Path
) -> None:
    base = provide(engine, foreign_image.ARM64)
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{base}"\n')
    out = tmp_path / "out"
    engine.build(shop.folder, "--platform", "linux/arm64", "--output", f"type=local,dest={out}")
    assert (out / "app/.venv/bin/python").readlink().name.startswith("python3")
    assert (out / "app/main.py").is_file()
    assert (out / "usr/lib/ld-linux-aarch64.so.1").is_file()


def test_what_uv_cannot_install_for_from_here(
    docker28: Engine, both: str, shop: Workspace, tmp_path: Path
) -> None:
    """A base whose C library is not known, as it has none."""
    (tmp_path / "Dockerfile").write_text(
        f"FROM {both} AS whole\nFROM scratch\nCOPY --from=whole /usr/bin /usr/bin\n"
        "COPY --from=whole /usr/lib/python3.13 /usr/lib/python3.13\n"
    )
    name = f"{docker28.registry.address}/odd"
    docker28.build(tmp_path, "--platform=linux/arm64", "--provenance=false", "--push", tag=name)
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{name}"\n')
    shown = fail(docker28, shop.folder, "--platform=linux/arm64")
    assert shown.title == (
        f"packages for {name} on linux/arm64 can only be installed by running it, and this engine "
        "runs no programs for it"
    )
    assert shown.where == f'Dockerfile:3\nbase = "{name}"'


@pytest.mark.parametrize(
    "line", ['venv = "/usr/local"', 'provided = ["numpy"]'], ids=["venv", "provided"]
)
def test_what_the_base_has_to_be_asked_for(
    docker28: Engine, both: str, shop: Workspace, line: str
) -> None:
    shop.lock().write("Dockerfile", f'{DOCKERFILE}package = "api"\nbase = "{both}"\n{line}\n')
    shown = fail(docker28, shop.folder, "--platform=linux/arm64")
    assert shown.title == (
        f"{line.partition(' ')[0]} is about what {both} has on linux/arm64, which its Python has "
        "to be asked for, and this engine runs no programs for it"
    )
    assert shown.where == f"Dockerfile:4\n{line}"


def test_what_must_run_there_is_named(docker28: Engine, compiled: Workspace) -> None:
    shown = fail(docker28, compiled.folder, "--platform", "linux/amd64,linux/arm64")
    assert shown.title == (
        "core (its wheel is for py3-none-linux_x86_64) must be built on linux/arm64, and this "
        "engine on linux/amd64 runs no programs for it"
    )
    assert shown.remedy.startswith("Register an emulator on the engine's machine, ")
    assert shown.where == "libs/core/pyproject.toml:6\n[build-system]"
