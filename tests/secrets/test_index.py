"""Private indexes: user and password as build secrets, and no trace of them afterwards."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import Page
from tests.errors.index import REACH, Index, serve
from tests.errors.shown import fail
from tests.errors.workspaces import Workspace, workspace
from tests.secrets.proxy import Proxy, through
from tests.secrets.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine import Engine

    #: Makes the options of a build from a folder for files, and the index.
    Given = Callable[[Path, Index], list[str]]

USER, PASSWORD = "courier", "s3cret-0f-the-index"
PROXY_PASSWORD = "s3cret-0f-the-proxy"
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
    (dockerfile,) = Page("docs/private-index.md").dockerfiles
    found.write("Dockerfile", dockerfile)
    root = (found.folder / "pyproject.toml").read_text()
    found.write("pyproject.toml", f"{root}\n{declared(index)}")
    return found.lock(*index.locking)


def declared(index: Index) -> str:
    """The table that names the index."""
    return f'[[tool.uv.index]]\nname = "corp-index"\nurl = "{index.url}/simple"\ndefault = true\n'


def by_netrc(folder: Path, index: Index) -> list[str]:
    netrc = folder / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    return [f"--secret=id=netrc,src={netrc}"]


def by_variables(folder: Path, index: Index) -> list[str]:
    options = []
    for part, value in (("USERNAME", USER), ("PASSWORD", PASSWORD)):
        path = folder / part
        path.write_text(f"{value}\n")
        options.append(f"--secret=id=UV_INDEX_CORP_INDEX_{part},src={path}")
    return options


def by_address(name: str, prefix: str = "") -> Given:
    """The index's whole address as the secret `name`."""

    def given(folder: Path, index: Index) -> list[str]:
        path = folder / name
        path.write_text(prefix + index.locking[1] + "\n")
        return [f"--secret=id={name},src={path}"]

    return given


EVERYWHERE = {"netrc": by_netrc, "variables": by_variables}
ADDRESSES = {
    "index": by_address("UV_INDEX_CORP_INDEX"),
    "uv-index": by_address("UV_INDEX", "corp-index="),
    "uv-default-index": by_address("UV_DEFAULT_INDEX"),
}


def test_without_credentials(docker28: Engine, shop: Workspace) -> None:
    shown = fail(docker28, shop.folder, REACH, package="api")
    assert shown.title.startswith("greeting 1.0: the index refuses access")
    assert "--secret id=netrc" in shown.remedy


def build(engine: Engine, shop: Workspace, folder: Path, options: list[str]) -> None:
    """Build and run; no trace of the password may be left."""
    search = Search(engine, folder, (PASSWORD, f"{USER}:{PASSWORD}", PROXY_PASSWORD))
    image = "uv-frontend-test/secret"
    done = engine.build(shop.folder, REACH, *options, tag=image, build_args={"package": "api"})
    assert engine.run(image).stdout == "good morning\n"
    assert search.everywhere(done, image) == []


@pytest.mark.parametrize("given", EVERYWHERE.values(), ids=EVERYWHERE)
def test_with_credentials(
    engine: Engine,
    shop: Workspace,
    index: Index,
    given: Given,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("secrets")
    build(engine, shop, folder, given(folder, index))


@pytest.mark.parametrize("file", ["uv.toml", "services/api/pyproject.toml"])
def test_an_index_that_is_named_beside_the_root_or_by_a_member(
    docker28: Engine,
    shop: Workspace,
    index: Index,
    file: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    table = declared(index)
    shop.replace("pyproject.toml", table, "")
    path, folder = shop.folder / file, tmp_path_factory.mktemp("secrets")
    there = path.read_text() if path.exists() else ""
    path.write_text(there + "\n" + (table if there else table.replace("tool.uv.", "")))
    build(docker28, shop, folder, by_variables(folder, index))


@pytest.mark.parametrize("given", ADDRESSES.values(), ids=ADDRESSES)
def test_with_the_address_as_a_secret(
    docker28: Engine,
    shop: Workspace,
    index: Index,
    given: Given,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("secrets")
    build(docker28, shop, folder, given(folder, index))


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with through(f"{USER}:{PROXY_PASSWORD}") as running:
        yield running


@pytest.mark.parametrize("secret", [True, False], ids=["secret", "build-argument"])
def test_through_a_proxy(
    docker28: Engine,
    proxy: Proxy,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    secret: bool,
) -> None:
    """The index has a name that only the proxy knows, and the proxy wants a password."""
    folder = tmp_path_factory.mktemp("secrets")
    with serve() as index, monkeypatch.context() as patched:
        index.wheel("greeting", code="print('good morning')")
        proxy.hosts["packages.index.example"] = index.url
        patched.setenv("HTTP_PROXY", proxy.address)
        patched.delenv("NO_PROXY", raising=False)
        patched.delenv("no_proxy", raising=False)
        shop = workspace(tmp_path).write("services/api/pyproject.toml", MEMBER)
        shop.lock("--default-index", "http://packages.index.example/simple")
        asked = proxy.served
        address = folder / "proxy"
        address.write_text(proxy.address)
        if secret:
            build(docker28, shop, folder, [f"--secret=id=HTTP_PROXY,src={address}"])
        else:
            image = "uv-frontend-test/proxy"
            arguments = {"package": "api", "http_proxy": proxy.address}
            done = docker28.build(shop.folder, REACH, tag=image, build_args=arguments)
            assert docker28.run(image).stdout == "good morning\n"
            warned = [notice.short for notice in done.progress.warnings]
            assert any("holds a proxy's password" in text for text in warned)
        assert proxy.served > asked


def test_nothing_of_it_in_cache_and_provenance(
    docker28: Engine, shop: Workspace, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("secrets")
    search = Search(docker28, folder, (PASSWORD, f"{USER}:{PASSWORD}"))
    options = ADDRESSES["uv-default-index"](folder, index)
    exported, cache = folder / "image.tar", folder / "cache"
    build = docker28.build(
        shop.folder,
        REACH,
        *options,
        "--provenance=mode=max",
        "--sbom=true",
        f"--output=type=oci,dest={exported}",
        f"--cache-to=type=local,mode=max,dest={cache}",
        build_args={"package": "api"},
    )
    assert search.archive(exported) == []
    before = search.looked_at
    assert search.directory(cache) == []
    assert search.looked_at > before + 5
    assert search.everywhere(build) == []


def test_a_password_that_is_printed_is_hidden(
    docker28: Engine, index: Index, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A build backend that prints its environment, as some do when they fail."""
    folder = tmp_path_factory.mktemp("secrets")
    backend = """\
        import os


        def build_wheel(folder, config_settings=None, metadata_directory=None):
            raise SystemExit(f"the environment is {dict(os.environ)}")
        """
    shop = workspace(tmp_path).library("core", backend).service("api", 'dependencies = ["core"]\n')
    root = (tmp_path / "pyproject.toml").read_text()
    declared = f'[[tool.uv.index]]\nname = "corp-index"\nurl = "{index.url}/simple"\n'
    sources = "\n[tool.uv.sources]\ncore = { workspace = true }\n"
    shop.write("pyproject.toml", f"{root}\n{declared}{sources}").lock(*index.locking)
    search = Search(docker28, folder, (PASSWORD,))
    shown = fail(docker28, shop.folder, REACH, *by_variables(folder, index), package="api")
    assert "UV_INDEX_CORP_INDEX_PASSWORD" in shown.build.report()
    assert search.everywhere(shown.build) == []


def test_the_search_finds_a_password(docker28: Engine, tmp_path: Path) -> None:
    search = Search(docker28, tmp_path, (PASSWORD,))
    assert search.within(PASSWORD.encode())
    assert search.within(gzip.compress(b"name = " + PASSWORD.encode()))
    assert not search.within(b"name = nothing")
    (tmp_path / "Dockerfile").write_text(f"FROM python:3.13-slim\nRUN echo {PASSWORD} > /found\n")
    image = "uv-frontend-test/leak"
    build = docker28.build(tmp_path, "--no-cache", tag=image)
    found = search.everywhere(build, image)
    assert {"stderr", "history"} < set(found)
    assert any(name.endswith("/found") for name in found)
