"""Private indexes: user and password as build secrets, and no trace of them afterwards."""

from __future__ import annotations

import gzip
import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH, Index, serve
from tests.errors.shown import fail
from tests.errors.workspaces import Workspace, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Build, Engine

USER, PASSWORD = "courier", "s3cret-0f-the-index"
MEMBER = """\
    [project]
    name = "api"
    version = "1.0"
    dependencies = ["greeting"]

    [tool.uv]
    package = false

    [tool.uv-frontend]
    cmd = ["python", "-c", "import greeting"]
    """


@pytest.fixture
def index() -> Iterator[Index]:
    with serve(account=f"{USER}:{PASSWORD}") as served:
        yield served.wheel("greeting", code="print('good morning')")


@pytest.fixture
def shop(tmp_path: Path, index: Index) -> Workspace:
    """A workspace that takes a package from the index, which its root calls `corp-index`."""
    found = workspace(tmp_path).write("services/api/pyproject.toml", MEMBER)
    root = (found.folder / "pyproject.toml").read_text()
    declared = (
        f'[[tool.uv.index]]\nname = "corp-index"\nurl = "{index.url}/simple"\ndefault = true\n'
    )
    found.write("pyproject.toml", f"{root}\n{declared}")
    return found.lock(*index.locking)


def by_netrc(folder: Path) -> list[str]:
    netrc = folder / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    return [f"--secret=id=netrc,src={netrc}"]


def by_variables(folder: Path) -> list[str]:
    options = []
    for part, value in (("USERNAME", USER), ("PASSWORD", PASSWORD)):
        path = folder / part
        path.write_text(f"{value}\n")
        options.append(f"--secret=id=UV_INDEX_CORP_INDEX_{part},src={path}")
    return options


def test_without_credentials(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, REACH, package="api")
    assert shown.title.startswith("greeting 1.0: the index refuses access")
    assert "--secret id=netrc" in shown.remedy


@pytest.mark.parametrize("given", [by_netrc, by_variables], ids=["netrc", "variables"])
def test_with_credentials(
    engine: Engine,
    shop: Workspace,
    given: object,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    secrets = tmp_path_factory.mktemp("secrets")
    image = "uv-frontend-test/secret"
    assert callable(given)
    build: Build = engine.build(
        shop.folder, REACH, *given(secrets), tag=image, build_args={"package": "api"}
    )
    assert engine.run(image).stdout == "good morning\n"
    saved = secrets / "image.tar"
    engine.docker("save", "--output", str(saved), image)
    leaked = [name for name, data in _files(saved) if _secret(data)]
    said = [text for text in (build.stdout, build.stderr) if PASSWORD in text]
    history = engine.docker("history", "--no-trunc", image).stdout
    assert (leaked, said, PASSWORD in history) == ([], [], False)


def test_nothing_of_it_in_cache_and_provenance(
    docker28: Engine, shop: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secrets = tmp_path_factory.mktemp("secrets")
    exported, cache = secrets / "image.tar", secrets / "cache"
    docker28.build(
        shop.folder,
        REACH,
        *by_variables(secrets),
        "--provenance=mode=max",
        f"--output=type=oci,dest={exported}",
        f"--cache-to=type=local,mode=max,dest={cache}",
        build_args={"package": "api"},
    )
    found = [name for name, data in _files(exported) if _secret(data)]
    blobs = [path for path in cache.rglob("*") if path.is_file()]
    assert len(blobs) > 5
    found += [path.name for path in blobs if _secret(path.read_bytes())]
    assert found == []


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content:
                yield member.name, content.read()


def _secret(data: bytes) -> bool:
    """Whether the password is in a blob, compressed or not."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    return PASSWORD.encode() in data


def test_the_search_finds_a_password() -> None:
    assert _secret(PASSWORD.encode())
    assert _secret(gzip.compress(b"name = " + PASSWORD.encode()))
