"""Every change moves the digests of exactly the images that it is in."""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmark.monorepo import Monorepo, write
from tests.contexts.shop import pack

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from tests.engine import Engine

EVERYTHING = ("--build-arg", "package=*")


def ask(
    engine: Engine, context: Path | str, *options: str, stdin: Path | None = None
) -> dict[str, dict[str, Any]]:
    """The answer about each package, by name."""
    call = ("buildx", "build", "--call=affected,format=json")
    said = engine.docker(*call, *(options or EVERYTHING), context, stdin=stdin).stdout
    return {each["name"]: each for each in json.loads(said)["packages"]}


def digests(
    engine: Engine, context: Path | str, *options: str, stdin: Path | None = None
) -> dict[str, str]:
    answer = ask(engine, context, *options, stdin=stdin)
    return {name: each["digest"] for name, each in answer.items()}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Monorepo:
    folder = tmp_path_factory.mktemp("affected") / "monorepo"
    folder.mkdir()
    return write(folder, services=8, libraries=5, packages=60)


@pytest.fixture(scope="module")
def before(docker28: Engine, pristine: Monorepo) -> Mapping[str, str]:
    return digests(docker28, pristine.folder)


@pytest.fixture
def folder(pristine: Monorepo, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(pristine.folder, tmp_path / "copy")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def test_services_are_told_and_libraries_are_not(
    docker28: Engine, pristine: Monorepo, before: Mapping[str, str]
) -> None:
    assert set(before) == set(pristine.libraries)
    assert len(set(before.values())) == len(before)
    assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in before.values())
    answer = ask(docker28, pristine.folder)
    for name, libraries in pristine.libraries.items():
        assert set(answer[name]["parts"]["members"]) == {name, *libraries}
        assert answer[name]["path"] == f"services/{name}"
    one = ask(docker28, pristine.folder, "--build-arg", "package=service-003")
    assert one == {"service-003": answer["service-003"]}


def test_as_a_table(docker28: Engine, pristine: Monorepo, before: Mapping[str, str]) -> None:
    call = ("buildx", "build", "--call=affected", *EVERYTHING)
    heading, *lines = docker28.docker(*call, pristine.folder).stdout.strip().splitlines()
    assert heading.split() == ["PACKAGE", "DIGEST"]
    assert dict(line.split() for line in lines) == before


def test_what_is_in_no_image(docker28: Engine, folder: Path, before: Mapping[str, str]) -> None:
    """Another checkout, settings of linters, comments, tests' leftovers, files of Windows."""
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o777 if path.is_dir() else 0o664)
    edit(folder / "pyproject.toml", "line-length = 100", "line-length = 80")
    library = folder / "libs/library-000"
    with (library / "pyproject.toml").open("a") as manifest:
        manifest.write("\n# A comment.\n[tool.mypy]\nstrict = true\n\n[dependency-groups]\n")
        manifest.write('lint = ["ruff"]\n')
    cache = library / "src/library_000/__pycache__"
    cache.mkdir()
    (cache / "models.cpython-313.pyc").write_bytes(b"bytecode")
    (folder / "README.md").write_text("About all of it.\n")
    lock = folder / "uv.lock"
    text = re.sub(r"    \{ url = [^\n]*-win_amd64\.whl[^\n]*\n", "", lock.read_text())
    assert text != lock.read_text()
    lock.write_text(text)

    assert moved(before, digests(docker28, folder)) == set()


@pytest.mark.parametrize("number", [2, 3])
def test_a_line_of_a_library(
    docker28: Engine, pristine: Monorepo, folder: Path, before: Mapping[str, str], number: int
) -> None:
    name = f"library-{number:03}"
    with (folder / f"libs/{name}/src/library_{number:03}/models.py").open("a") as module:
        module.write("CHANGED = True\n")
    holding = {service for service, found in pristine.libraries.items() if name in found}
    assert set() < holding < set(before)

    assert moved(before, digests(docker28, folder)) == holding


def test_packages_of_the_lock(
    docker28: Engine, pristine: Monorepo, folder: Path, before: Mapping[str, str]
) -> None:
    """Another version of one package, another file of one."""
    counts = {
        name: {service for service, locked in pristine.locked.items() if name in locked}
        for name in set().union(*pristine.locked.values())
    }
    upgraded, rebuilt, *_ = sorted(counts, key=lambda name: (len(counts[name]), name))
    lock = folder / "uv.lock"
    edit(
        lock,
        f'name = "{upgraded}"\nversion = "1.0.0"',
        f'name = "{upgraded}"\nversion = "1.0.1"',
    )
    module = rebuilt.replace("-", "_")
    text = re.sub(rf'({module}-1\.0\.0[^"]*", hash = "sha256:)....', r"\g<1>0000", lock.read_text())
    lock.write_text(text)
    holding = counts[upgraded] | counts[rebuilt]
    assert set() < holding < set(before)

    assert moved(before, digests(docker28, folder)) == holding


def test_one_service(docker28: Engine, folder: Path, before: Mapping[str, str]) -> None:
    """Its version, which is in its metadata; its settings; a mode; a new file."""
    edit(folder / "services/service-001/pyproject.toml", 'version = "1.0.0"', 'version = "1.0.1"')
    edit(
        folder / "uv.lock",
        'name = "service-001"\nversion = "1.0.0"',
        'name = "service-001"\nversion = "1.0.1"',
    )
    with (folder / "services/service-002/pyproject.toml").open("a") as manifest:
        manifest.write('\n[tool.uv-frontend]\nenv = { MODE = "fast" }\n')
    (folder / "services/service-003/src/service_003/tasks.py").chmod(0o755)
    (folder / "services/service-004/src/service_004/new.py").write_text("")

    changed = {f"service-{number:03}" for number in (1, 2, 3, 4)}
    assert moved(before, digests(docker28, folder)) == changed


def test_what_all_stand_on(
    docker28: Engine, pristine: Monorepo, folder: Path, before: Mapping[str, str]
) -> None:
    base = f"docker-image://{docker28.registry.address}/library/python:3.13-slim"
    given = ("--build-context", f"python:3.13-slim={base}")
    # The same image under another name is the same image.
    assert digests(docker28, pristine.folder, *EVERYTHING, *given) == before
    (folder / "Dockerfile").write_text('# syntax=org/uv-frontend\nuser = "root"\n')
    assert moved(before, digests(docker28, folder)) == set(before)


def test_packages_from_elsewhere(
    docker28: Engine, pristine: Monorepo, folder: Path, before: Mapping[str, str]
) -> None:
    library = folder / "libs/library-004"
    given = ("--build-context", f"library-004={library}")
    assert digests(docker28, pristine.folder, *EVERYTHING, *given) == before
    (library / "src/library_004/models.py").write_text("")
    holding = {s for s, found in pristine.libraries.items() if "library-004" in found}
    assert moved(before, digests(docker28, pristine.folder, *EVERYTHING, *given)) == holding


def test_an_archive(
    docker28: Engine, pristine: Monorepo, before: Mapping[str, str], tmp_path: Path
) -> None:
    """Every other kind of context is read the same way."""
    archive = pack(pristine.folder, tmp_path / "monorepo.tar.gz")
    assert digests(docker28, "-", stdin=archive) == before


def test_calls_that_there_are_not(docker28: Engine, pristine: Monorepo) -> None:
    command = ("buildx", "build", "--call=nonsense", *EVERYTHING)
    done: subprocess.CompletedProcess[str] = docker28.docker(*command, pristine.folder, check=False)
    assert done.returncode
    assert "unsupported request frontend.nonsense" in done.stderr
