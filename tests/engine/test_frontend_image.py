"""The frontend's image holds what the frontend runs, ready to start, and nothing else."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.engine.frontend_image import IMAGE, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

HOME = "opt/uv-frontend"
PYTHON = f"/{HOME}/bin/python"
START = f"import sys; sys.path[:0] = ['/{HOME}/code', '/{HOME}/packages']\n"


@pytest.fixture(scope="session")
def files(docker28: Engine) -> Iterator[dict[str, tarfile.TarInfo]]:
    """Every file of the image, by path."""
    container = docker28.docker("create", IMAGE).stdout.strip()
    command = [docker28.program, "export", container]
    try:
        done = subprocess.run(command, env=docker28.env, capture_output=True, check=True)
    finally:
        docker28.docker("rm", container)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        yield {member.name: member for member in archive if not member.isdir()}


def python(engine: Engine, code: str) -> str:
    """What the image's Python prints for `code`."""
    return engine.docker("run", "--rm", "--entrypoint", PYTHON, IMAGE, "-IS", "-c", code).stdout


def test_no_shell_no_package_manager_no_tests(files: dict[str, tarfile.TarInfo]) -> None:
    programs = {path for path, info in files.items() if info.mode & 0o111 and ".so" not in path}
    programs = {path for path in programs if "/bin/" in f"/{path}" or "/sbin/" in f"/{path}"}
    assert programs == {f"{HOME}/bin/python", f"{HOME}/bin/uv"}
    unwanted = ("pip", "setuptools", "ensurepip", "test", "tests", "tkinter", "idlelib")
    parts = {part for path in files for part in path.split("/")}
    assert not parts & set(unwanted)


def test_every_module_is_compiled(files: dict[str, tarfile.TarInfo], docker28: Engine) -> None:
    tag = python(docker28, "import sys; print(sys.implementation.cache_tag)").strip()
    modules = [path for path in files if path.endswith(".py") and path != f"{HOME}/start.py"]
    assert len(modules) > 500
    missing = []
    for module in modules:
        folder, _, name = module.rpartition("/")
        if f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc" not in files:
            missing.append(module)
    assert missing == []


def test_compiled_modules_are_used_whatever_the_times(docker28: Engine) -> None:
    code = (
        START + "import frontend, importlib.util, pathlib\n"
        "cached = pathlib.Path(importlib.util.cache_from_source(frontend.__file__))\n"
        "print(int.from_bytes(cached.read_bytes()[4:8], 'little'))"
    )
    assert python(docker28, code).strip() == "1"  # PEP 552: hash-based, unchecked


def test_frontend_starts_and_finds_all_it_imports(docker28: Engine) -> None:
    code = START + (
        "import pkgutil, importlib, frontend, llb\n"
        "for package in (frontend, llb):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        # Steps are scripts for other containers.\n"
        "        if not module.name.endswith('__main__') and '.steps.' not in module.name:\n"
        "            importlib.import_module(module.name)\n"
        "print('all')"
    )
    assert python(docker28, code).strip() == "all"


def test_uv_runs_without_anything_else(docker28: Engine) -> None:
    uv = ["run", "--rm", "--entrypoint", f"/{HOME}/bin/uv", "--network", "none", IMAGE]
    version = docker28.docker(*uv, "--version").stdout.split()[1]
    assert f'"uv=={version}"' in (REPOSITORY / "pyproject.toml").read_text()


def test_notices_of_all_that_is_in_it(files: dict[str, tarfile.TarInfo], docker28: Engine) -> None:
    assert f"{HOME}/LICENSE" in files
    text = python(docker28, f"print(open('/{HOME}/licenses/INDEX.txt').read())")
    listed = dict(line.split(": ", 1) for line in text.strip().splitlines())
    names = {name.split()[0] for name in listed}
    assert {"Python", "uv", "grpcio", "protobuf", "pydantic", "pydantic_core", "libc6"} <= names
    for name, where in listed.items():
        for path in where.rpartition(", ")[2].split():
            inside = [file for file in files if f"/{file}".startswith(path)]
            assert inside, (name, path)
    # Scanners know Debian's packages by these, and by the release.
    native = ("libc6", "libstdc++6", "libgcc-s1", "zlib1g", "libexpat1", "libffi8", "liblzma5")
    assert {f"var/lib/dpkg/status.d/{name}" for name in native} <= set(files)
    assert "etc/os-release" in files


def test_the_same_manifest_from_the_same_sources(docker28: Engine, tmp_path: Path) -> None:
    """Built twice without a cache, which takes the packages from the index anew."""
    digests = set()
    for number in range(2):
        metadata = tmp_path / f"{number}.json"
        docker28.build(
            REPOSITORY,
            "--no-cache",
            "--provenance=false",
            f"--metadata-file={metadata}",
            f"--output=type=oci,dest={tmp_path / 'image.tar'}",
            build_args={"SOURCE_DATE_EPOCH": "1700000000"},
        )
        digests.add(json.loads(metadata.read_text())["containerimage.digest"])
    assert len(digests) == 1


def test_labels_tell_the_engine_how_to_run_it(docker28: Engine) -> None:
    described = docker28.docker("image", "inspect", IMAGE, "--format", "{{json .Config}}").stdout
    configuration = json.loads(described)
    assert configuration["Labels"]["moby.buildkit.frontend.network.none"] == "true"
    assert "moby.buildkit.frontend.caps" in configuration["Labels"]
    assert configuration["Entrypoint"][0] == PYTHON


def test_labels_tell_people_what_it_is(docker28: Engine) -> None:
    described = docker28.docker("image", "inspect", IMAGE, "--format", "{{json .Config}}").stdout
    labels = json.loads(described)["Labels"]
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == "uv-frontend"
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert labels[f"{prefix}version"]
