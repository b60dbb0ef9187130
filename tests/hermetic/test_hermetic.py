"""`hermetic = true`: the lock's files are BuildKit's sources, and steps have no network."""

from __future__ import annotations

import base64
import gzip
import json
import re
import subprocess
import tarfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.attestations.exported import Exported
from tests.contexts.server import serve as serve_site
from tests.docs.pages import Page
from tests.engine import foreign_image
from tests.engine.frontend_image import IMAGE
from tests.errors.index import REACH, Index, serve
from tests.errors.shown import fail
from tests.errors.workspaces import BACKEND, workspace
from tests.hermetic import island
from tests.hermetic.conftest import ROOT, fill
from tests.platforms.conftest import provide

if TYPE_CHECKING:
    import pytest

    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

PAGE = Page("docs/hermetic.md")
#: Where the page has the files of an index.
FILES_OF_PAGE = "https://files.index.example"
SAID = "good morning core\n"
FILES = {"greeting-1.0-py3-none-any.whl", "packer-1.0-py3-none-any.whl", "shouting-1.0.tar.gz"}
_AUTHOR = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
PASSWORD = "s3cret-0f-the-hermetic-index"


def test_the_same_layers_without_network(engine: Engine, shop: Workspace, index: Index) -> None:
    """Built with the network the image is equal to the last byte of every layer."""
    image = "uv-frontend-test/hermetic"
    engine.build(shop.folder, tag=image, build_args={"package": "api"})
    assert engine.run(image).stdout == SAID
    engine.build(
        shop.folder, REACH, tag=f"{image}-not", build_args={"package": "api", "hermetic": "false"}
    )
    assert _layers(engine, image) == _layers(engine, f"{image}-not")
    # With the index gone, what was fetched is still there for a step that runs again.
    index.files.clear()
    shop.write("libs/core/__init__.py", "NAME = 'the core'\n")
    build = engine.build(shop.folder, tag=image, build_args={"package": "api"})
    ran = [vertex.name for vertex in build.executed if "/5] member: " in vertex.name]
    assert len(ran) == 1
    assert engine.run(image).stdout == "good morning the core\n"


def test_provenance_names_every_file(
    docker28: Engine, shop: Workspace, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The commands that the page shows say what the page shows."""
    _commit(shop)
    image = f"{docker28.registry.address}/hermetic/api"
    with serve_site(tmp_path_factory.mktemp("site")) as site:
        there = {
            "registry.example/shop/api": image,
            "https://git.example/shop.git": site.repository("shop", shop.folder),
            FILES_OF_PAGE: f"{index.url}/files",
        }
        commands = _block("sh", "imagetools")
        for shown, real in there.items():
            commands = commands.replace(shown, real)
        path = f"{Path(docker28.program).parent}:{docker28.env['PATH']}"
        done = subprocess.run(
            ["sh", "-ec", commands],
            env={**docker28.env, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said = re.sub(r"linux%2F\w+", "linux%2Famd64", done.stdout)
    for shown, real in there.items():
        said = said.replace(real, shown)
    assert said.strip() == _block("", "materials:").strip()
    read = ["buildx", "imagetools", "inspect", "--format", "{{json .Provenance.SLSA}}"]
    provenance = json.loads(docker28.docker(*read, image).stdout)
    assert provenance["metadata"]["completeness"]["materials"] is True
    materials: dict[str, Any] = {
        material["uri"].rpartition("/")[2]: material["digest"]
        for material in provenance["materials"]
    }
    assert materials.keys() >= FILES
    lock = (shop.folder / "uv.lock").read_text()
    assert all(materials[name]["sha256"] in lock for name in FILES)


def test_credentials_go_to_the_source(
    docker28: Engine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No container sees them, and neither do layers, cache, history or provenance."""
    secrets = tmp_path_factory.mktemp("secrets")
    header = secrets / "header"
    given = base64.b64encode(f"courier:{PASSWORD}".encode()).decode()
    header.write_text(f"Basic {given}")
    exported = secrets / "image.tar"
    image = "uv-frontend-test/hermetic-private"
    with serve(account=f"courier:{PASSWORD}") as index:
        shop = fill(tmp_path, index)
        secret = f"--secret=id=UV_INDEX_CORP_AUTHORIZATION,src={header}"
        arguments = {"package": "api"}
        docker28.build(shop.folder, secret, tag=image, build_args=arguments)
        docker28.build(
            shop.folder,
            secret,
            "--provenance=mode=max",
            f"--output=type=oci,dest={exported}",
            build_args=arguments,
        )
    assert docker28.run(image).stdout == SAID
    with tarfile.open(exported) as tar:
        contents = [file.read() for member in tar if (file := tar.extractfile(member))]
    plain = [gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data for data in contents]
    assert len(plain) > 5
    assert not any(PASSWORD.encode() in data or given.encode() in data for data in plain)


def test_a_policy_redirects_to_a_mirror(
    docker28: Engine, shop: Workspace, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The index that the lock names is gone; all of its files come from elsewhere."""
    policy = tmp_path_factory.mktemp("policy") / "policy.json"
    with serve() as mirror:
        mirror.files.update(index.files)
        index.files.clear()
        # The policy that the page shows.
        text = _block("json").replace(FILES_OF_PAGE, f"{index.url}/files")
        policy.write_text(text.replace("https://mirror.example", mirror.url))
        docker28.build(
            shop.folder,
            tag="uv-frontend-test/hermetic-mirror",
            build_args={"package": "api"},
            env={"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)},
        )
    assert docker28.run("uv-frontend-test/hermetic-mirror").stdout == SAID


def test_behind_an_air_gap(
    docker28: Engine, shop: Workspace, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An engine that nothing has been built on, and that reaches nothing but a mirror."""
    image = "uv-frontend-test/hermetic-island"
    carried = tmp_path_factory.mktemp("carried")
    files = carried / "files"
    files.mkdir()
    subprocess.run(["sh", "-ec", _block("sh", "uv.lock")], cwd=shop.folder, check=True)
    for address in (shop.folder / "files.txt").read_text().split():
        name = address.rpartition("/")[2]
        (files / name).write_bytes(index.files[name])
    docker28.docker("save", "--output", carried / "frontend.tar", IMAGE)
    with island.start("docker28", f"{docker28.name}-island", files) as there:
        engine = there.engine
        # Every route leads to the bridge of the engine's own containers, so none leads out.
        assert set(there.routes) == {"uvf-alone"}
        engine.docker("load", "--input", carried / "frontend.tar")
        engine.publish(IMAGE)
        engine.docker("rmi", IMAGE)
        arguments = {"package": "api"}
        refused = engine.build(shop.folder, build_args=arguments, check=False)
        assert "connection refused" in refused.error
        policy = carried / "policy.json"
        rule = {
            "action": "CONVERT",
            "selector": {"identifier": f"{index.url}/*", "matchType": "WILDCARD"},
            "updates": {"identifier": f"{there.mirror}/${{1}}"},
        }
        policy.write_text(json.dumps({"rules": [rule]}))
        environment = {"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)}
        engine.build(shop.folder, tag=image, build_args=arguments, env=environment)
        assert {path.rpartition("/")[2] for path in there.asked} == FILES
        assert engine.run(image).stdout == SAID
        away = _layers(engine, image)
    docker28.build(shop.folder, tag=image, build_args=arguments)
    assert _layers(docker28, image) == away


def test_a_policy_denies_an_index(
    docker28: Engine, shop: Workspace, index: Index, tmp_path_factory: pytest.TempPathFactory
) -> None:
    policy = tmp_path_factory.mktemp("policy") / "policy.json"
    rule = {
        "action": "DENY",
        "selector": {"identifier": f"{index.url}/*", "matchType": "WILDCARD"},
    }
    policy.write_text(json.dumps({"rules": [rule]}))
    build = docker28.build(
        shop.folder,
        build_args={"package": "api"},
        env={"EXPERIMENTAL_BUILDKIT_SOURCE_POLICY": str(policy)},
        check=False,
    )
    assert not build.ok
    said = build.error.splitlines()[-1].replace(f"{index.url}/files", FILES_OF_PAGE)
    # Which of the files is the first is BuildKit's choice.
    any_file = re.compile(r"(?<=/)[\w.-]+(?=\" denied)")
    assert any_file.sub("", said) == any_file.sub("", _block("", "denied by policy").strip())


def test_other_targets(docker28: Engine, shop: Workspace, index: Index, tmp_path: Path) -> None:
    """Files and a development image, with nothing in them of how they were made."""
    index.wheel("packer", "1.1", code=dedent(BACKEND + EDITABLE))
    shop.lock(*index.locking, "--upgrade")
    place, arguments = tmp_path / "wheels", {"package": "api"}
    docker28.build(shop.folder, "--target=wheels", f"--output={place}", build_args=arguments)
    assert [path.name for path in place.iterdir()] == ["core-1.0-py3-none-any.whl"]
    found = {}
    for hermetic in ("true", "false"):
        image = f"uv-frontend-test/hermetic-dev-{hermetic}"
        arguments = {"package": "api", "hermetic": hermetic}
        docker28.build(shop.folder, REACH, "--target=dev", tag=image, build_args=arguments)
        found[hermetic] = _layers(docker28, image)
    assert found["true"] == found["false"]


def test_several_platforms(docker28: Engine, shop: Workspace, index: Index, tmp_path: Path) -> None:
    """Without network and without emulator: the layers are those of a build with the network."""
    found = {}
    for hermetic in ("true", "false"):
        exported = tmp_path / f"{hermetic}.tar"
        docker28.build(
            shop.folder,
            REACH,
            "--platform=linux/amd64,linux/arm64",
            "--provenance=false",
            f"--output=type=oci,dest={exported}",
            build_args={
                "package": "api",
                "hermetic": hermetic,
                "base": provide(docker28, foreign_image.TAG),
            },
        )
        archive = Exported(exported)
        found[hermetic] = {
            each["platform"]["architecture"]: archive.blob(each["digest"])["layers"]
            for each in archive.manifests
        }
    assert found["true"].keys() == {"amd64", "arm64"}
    assert found["true"] == found["false"]


def test_a_build_requirement_that_the_group_lacks(
    docker28: Engine, shop: Workspace, index: Index
) -> None:
    shop.replace("libs/core/pyproject.toml", '"packer>=1"', '"packer>=2"')
    shown = fail(docker28, shop.folder, package="api")
    assert shown.title == (
        "package 'core' is built with packer>=2, which a hermetic build takes from the dependency "
        "group 'build', and the group has 1.0"
    )
    assert shown.remedy == "Run: uv add --package api --group build 'packer>=2'"
    assert shown.where == 'libs/core/pyproject.toml:7\nrequires = ["packer>=2"]'
    said = [line.rstrip() for line in shown.build.error.strip().splitlines()]
    assert said == _block("", "packer>=2").splitlines()


def test_what_an_sdist_is_built_with_is_looked_for_in_the_group(
    docker28: Engine, shop: Workspace, index: Index
) -> None:
    index.sdist("shouting", SDIST_THAT_NEEDS, version="2.0")
    shop.lock(*index.locking, "--upgrade")
    shown = fail(docker28, shop.folder, package="api")
    assert shown.title.startswith("shouting 2.0 is built with tooling")
    assert shown.remedy.endswith("Run: uv add --group build 'tooling'")


def test_packages_from_git_and_from_addresses_of_their_own(
    engine: Engine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Even what they say of their origin is as in a build with the network."""
    image = "uv-frontend-test/hermetic-origins"
    rates = workspace(tmp_path_factory.mktemp("rates"))
    rates.write("rates.py", "TEXT = 'one to one'\n").write("backend.py", RATES)
    rates.write("pyproject.toml", PROJECT_OF_ITS_OWN)
    _commit(rates)
    with serve() as index, serve_site(tmp_path_factory.mktemp("site")) as site:
        index.wheel("courier", code="TEXT = 'on foot'").wheel("packer", code=dedent(BACKEND))
        wheel = "courier-1.0-py3-none-any.whl"
        site.files[wheel] = index.files[wheel]
        sources = {"rates": site.repository("rates", rates.folder), "courier": site.url}
        found = workspace(tmp_path).service("api", WITH_ORIGINS)
        root = dedent(ROOT) + (
            f'rates = {{ git = "{sources["rates"]}", branch = "main" }}\n'
            f'courier = {{ url = "{site.url}/{wheel}" }}\n'
        )
        found.write("pyproject.toml", root).lock(*index.locking)
        arguments = {"package": "api", "hermetic": "true", "entrypoint": "python"}
        engine.build(found.folder, tag=image, build_args=arguments)
        arguments["hermetic"] = "false"
        engine.build(found.folder, REACH, tag=f"{image}-not", build_args=arguments)
    code = "import rates, courier; print(rates.TEXT, courier.TEXT)"
    shown = engine.run(image, "-c", code).stdout
    assert shown == "one to one on foot\n"
    assert _layers(engine, image) == _layers(engine, f"{image}-not")


def test_a_repository_that_wants_a_token(
    docker28: Engine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The error names the package, where the lock has it, and the secret for that host."""
    rates = workspace(tmp_path_factory.mktemp("rates"))
    rates.write("backend.py", RATES).write("pyproject.toml", PROJECT_OF_ITS_OWN)
    _commit(rates)
    with serve_site(tmp_path_factory.mktemp("site")) as site:
        address = site.repository("rates", rates.folder)
        found = workspace(tmp_path).service("api", 'dependencies = ["rates"]\n')
        root = found.folder / "pyproject.toml"
        root.write_text(f'{root.read_text()}\n[tool.uv.sources]\nrates = {{ git = "{address}" }}\n')
        found.lock("--no-cache")
        site.token = "needed"
        shown = fail(docker28, found.folder, package="api", hermetic="true")
    assert shown.title.startswith("rates cannot be fetched from git: ")
    assert f"--secret id=GIT_AUTH_TOKEN.{urlsplit(address).netloc},env=" in shown.remedy
    assert shown.where.splitlines()[1:] == ['name = "rates"']


def test_what_nothing_pins_is_refused(docker28: Engine, shop: Workspace) -> None:
    lock = shop.folder / "uv.lock"
    # The first package of an index is greeting.
    lock.write_text(re.sub(r', hash = "sha256:\w+"', "", lock.read_text(), count=1))
    shown = fail(docker28, shop.folder, package="api")
    assert shown.title == (
        "the lock has no SHA-256 of greeting-1.0-py3-none-any.whl, so a hermetic build cannot pin "
        "it"
    )
    assert shown.where.splitlines()[1:] == ['name = "greeting"']
    # With the network it is installed all the same: indexes need not give hashes.
    image = "uv-frontend-test/hermetic-unpinned"
    arguments = {"package": "api", "hermetic": "false"}
    docker28.build(shop.folder, REACH, tag=image, build_args=arguments)
    assert docker28.run(image).stdout == SAID


def test_git_over_ssh_is_refused(docker28: Engine, tmp_path: Path) -> None:
    found = workspace(tmp_path).service("api").lock()
    lock = (tmp_path / "uv.lock").read_text()
    source = 'git = "ssh://git@git.example/rates.git#' + 40 * "a" + '"'
    api = '[[package]]\nname = "api"\nversion = "1.0"\nsource = { virtual = "services/api" }\n'
    assert api in lock
    wanted = f'{api}dependencies = [{{ name = "rates" }}]\n'
    package = f'\n[[package]]\nname = "rates"\nversion = "1.0"\nsource = {{ {source} }}\n'
    (tmp_path / "uv.lock").write_text(lock.replace(api, wanted) + package)
    shown = fail(docker28, found.folder, package="api", hermetic="true", lock="off")
    assert shown.title.startswith("a hermetic build cannot take rates 1.0 from where the lock has")
    assert shown.where.splitlines()[1:] == ['name = "rates"']


WITH_ORIGINS = """\
    dependencies = ["rates", "courier"]
    """
RATES = BACKEND.replace("Path.cwd().name", "'rates'").replace(
    'f"{NAME}/{module.name}"', "module.name"
)
PROJECT_OF_ITS_OWN = """\
    [project]
    name = "rates"
    version = "1.0"

    [build-system]
    requires = []
    build-backend = "backend"
    backend-path = ["."]
    """
EDITABLE = """\

    def build_editable(folder, config_settings=None, metadata_directory=None):
        return build_wheel(folder)
    """
SDIST_THAT_NEEDS = """\
    def get_requires_for_build_wheel(config_settings=None):
        return ["tooling"]


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        raise AssertionError("never called: tooling cannot be had")
    """


def _block(language: str, part: str = "") -> str:
    """A code block of the page: the only one in that language that has a part."""
    found = [b.text for b in PAGE.blocks if b.language == language and part in b.text]
    assert len(found) == 1, part
    return found[0]


def _commit(workspace: Workspace) -> None:
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*_AUTHOR, "commit", "--quiet", "-m", "All"],
    ):
        subprocess.run(["git", *command], cwd=workspace.folder, check=True)


def _layers(engine: Engine, image: str) -> list[str]:
    shown = engine.docker("image", "inspect", image, "--format", "{{json .RootFS.Layers}}")
    found: list[str] = json.loads(shown.stdout)
    return found
