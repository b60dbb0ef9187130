"""Copies of the example workspaces, locked, and images of them on two kinds of engine."""

from __future__ import annotations

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from examples import lock
from tests.bases import mirror
from tests.bases.images import CONDA, MOVED, NO_PYTHON
from tests.errors.index import REACH
from tests.kinds.checkout import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bases.mirror import Mirror
    from tests.conftest import Engines
    from tests.engine import Engine

#: Examples with a version from git, and the tag that says it.
TAGS = {"libraries": "v2.1.0"}
EXAMPLES = Path(lock.__file__).parent
#: BuildKit with MergeOp and a containerd store; the oldest that is supported, without either.
KINDS = ("docker28", "docker20")
#: As NVIDIA's images are, without Python: variables, a folder of the driver's libraries.
CUDA = f"""\
{NO_PYTHON}\
RUN mkdir -p /usr/local/cuda/lib64
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility \\
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64:/usr/local/cuda/lib64 CUDA_VERSION=12.9.1
"""
NUMPY = "numpy==2.4.6"
#: As Ray's images are, with one of the packages that come with it.
RAY = CONDA.replace(
    "USER ray\n", "COPY packages /opt/conda/lib/python3.13/site-packages\nUSER ray\n"
)
#: What stands in for the bases that the pages name, and the Python that a mirror has.
BASES = {"training": RAY, "inference": CUDA, "moved": MOVED}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "machine" in getattr(item, "fixturenames", ()):
            item.add_marker("engine")


def commit(folder: Path, tag: str) -> None:
    """Make a tagged git repository of a folder."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    git(folder, "tag", tag)


@dataclass(frozen=True)
class Image:
    """An image of an example."""

    name: str
    engine: Engine

    def run(self, *command: str, options: tuple[str, ...] = ()) -> str:
        """What a container prints."""
        return self.engine.run(self.name, *command, options=options).stdout

    def python(self, code: str, options: tuple[str, ...] = ()) -> str:
        """What a program prints in it."""
        return self.run("-c", code, options=(*options, "--entrypoint=python"))

    def inspect(self, what: str) -> str:
        """One value of its configuration, a Go template."""
        form = f"{{{{{what}}}}}"
        done = self.engine.docker("image", "inspect", "--format", form, self.name)
        return done.stdout.strip()


@pytest.fixture(scope="session")
def offered(
    docker28: Engine, bases: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mirror]:
    """A mirror with a Python for bases that have none."""
    folder = tmp_path_factory.mktemp("python")
    with mirror.offering(docker28, bases("moved"), folder) as served:
        yield served


@pytest.fixture(scope="session")
def locked(offered: Mirror, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives a copy of an example, locked once; not to be changed."""
    made: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name == "shop":
            lock.lock(EXAMPLES / name)
            return EXAMPLES / name
        if name not in made:
            left = shutil.ignore_patterns("uv.lock", ".venv", "__pycache__")
            folder = tmp_path_factory.mktemp("examples") / name
            made[name] = shutil.copytree(EXAMPLES / name, folder, ignore=left)
            if name == "inference":
                # No release of Python can be had but the one that the tests' mirror has.
                manifest = folder / "pyproject.toml"
                setting = f'python-downloads-json-url = "{offered.url}/downloads.json"'
                text = manifest.read_text()
                assert "[tool.uv]\n" in text
                manifest.write_text(text.replace("[tool.uv]\n", f"[tool.uv]\n{setting}\n"))
            lock.lock(folder)
            if name in TAGS:
                commit(folder, TAGS[name])
        return made[name]

    return make


@pytest.fixture(scope="session", params=KINDS)
def machine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    """Each kind of engine in turn."""
    return engines.get(request.param)


@pytest.fixture(scope="session")
def bases(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Gives the image that stands in for the base of an example, made once for all engines."""
    made: dict[str, str] = {}

    def make(name: str) -> str:
        if name not in made:
            folder = tmp_path_factory.mktemp("base")
            (folder / "Dockerfile").write_text(BASES[name])
            if name == "training":
                _install(NUMPY, folder / "packages")
            made[name] = f"uv-frontend-test/examples-{name}-base"
            docker28.build(folder, "--provenance=false", tag=made[name])
            docker28.publish(made[name])
        return made[name]

    return make


def _install(requirement: str, folder: Path) -> None:
    """Put a package's wheel for Python 3.13 into a folder of packages."""
    machine = f"{platform.machine()}-manylinux_2_28"
    command = [*lock.uv_command(), "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += [f"--target={folder}", "--python-version=3.13", f"--python-platform={machine}"]
    subprocess.run([*command, requirement], check=True)


@pytest.fixture
def build(
    machine: Engine,
    locked: Callable[[str], Path],
    bases: Callable[[str], str],
    offered: Mirror,
    tmp_path: Path,
) -> Iterator[Callable[..., Image]]:
    """Builds an example with a Dockerfile, whose base is replaced where there is no such image."""
    made: list[str] = []

    def make(example: str, dockerfile: str, **arguments: str) -> Image:
        file = tmp_path / "Dockerfile"
        file.write_text(dockerfile)
        if example in BASES:
            assert "base = " in dockerfile
            arguments["base"] = bases(example)
        options = []
        if example == "inference":
            arguments["python-mirror"] = f"{offered.url}/mirror"
            options = [REACH]
        name = f"uv-frontend-test/example-{example}-{len(made)}"
        made.append(name)
        machine.build(locked(example), *options, tag=name, dockerfile=file, build_args=arguments)
        return Image(name, machine)

    yield make
    machine.docker("rmi", "--force", *made, check=False)
