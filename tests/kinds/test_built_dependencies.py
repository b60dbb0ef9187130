"""Dependencies that are built: compiled, from git, from addresses and archives, with settings."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from frontend.resolve.export import uv_binary
from tests.contexts.server import serve as serve_site
from tests.errors.index import REACH, serve
from tests.errors.shown import fail
from tests.errors.workspaces import DOCKERFILE, Workspace
from tests.kinds.projects import EXTENSION, commit, packed, project, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine import Engine

IMAGE = "uv-frontend-test/kinds-built"
WEIGHTS = b"large, and not in the repository\n"
#: Images to build in, with and without the program for large files.
BUILDER, WITHOUT_LFS = "uv-frontend-test/kinds-builder", "uv-frontend-test/kinds-builder-plain"
TOOLS = """\
    FROM python:3.13-slim AS plain
    RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \\
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \\
        --no-install-recommends gcc git libc6-dev libpython3.13-dev > /dev/null
    FROM plain
    RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \\
        apt-get -qq install -y --no-install-recommends git-lfs > /dev/null
    """
ROOT = """\
    [project]
    name = "svc"
    version = "1.0"
    requires-python = ">=3.11"
    dependencies = [
        "pure", "compiled", "forced", "tagged", "branched", "pinned", "shortened", "nested",
        "direct", "archived", "linked", "notes", "core", "constrained", "extended",
        "forked==1.0; sys_platform == 'linux'", "forked==2.0; sys_platform != 'linux'",
    ]

    [project.optional-dependencies]
    media = ["large"]
    folder = ["inside"]
    cpu = ["engine==1.0"]
    gpu = ["engine==2.0"]

    [dependency-groups]
    build = ["tooling<2", "helper"]

    [project.scripts]
    svc = "svc:main"

    [build-system]
    requires = ["uv_build"]
    build-backend = "uv_build"

    [tool.uv.workspace]
    members = ["libs/*"]

    [tool.uv]
    conflicts = [[{ extra = "cpu" }, { extra = "gpu" }]]
    no-binary-package = ["forced"]
    config-settings = { color = "red" }
    config-settings-package = { pure = { shape = "round" } }
    build-constraint-dependencies = ["tooling<2"]
    extra-build-dependencies = { extended = ["helper"] }
    extra-build-variables = { extended = { KINDS_VARIABLE = "given" } }

    [tool.uv.sources]
    core = { workspace = true }
    """
SOURCES = """
    tagged = {{ git = "{tagged}", tag = "v1" }}
    branched = {{ git = "{branched}", branch = "main" }}
    pinned = {{ git = "{tagged}", rev = "{commit}", subdirectory = "pinned" }}
    shortened = {{ git = "{tagged}", rev = "{commit:.10}", subdirectory = "shortened" }}
    nested = {{ git = "{tagged}", subdirectory = "nested" }}
    large = {{ git = "{large}", branch = "main" }}
    direct = {{ url = "{site}/direct-1.0-py3-none-any.whl" }}
    inside = {{ url = "{site}/inside.tar.gz", subdirectory = "sub/inside" }}
    archived = {{ path = "vendor/archived.tar.gz" }}
    linked = {{ path = "linked", editable = true }}
    notes = {{ path = "notes", package = false }}
    """
#: Those of one repository, each in a folder.
NESTED = ("pinned", "shortened", "nested")
BUILT = (
    *NESTED,
    *("pure", "compiled", "forced", "tagged", "branched"),
    *("inside", "archived", "constrained", "extended"),
)
#: Stands for the commit that was asked for, whole or in short.
COMMIT = "commit"
MAIN = """\
    import importlib, json, pathlib
    from importlib.metadata import distributions, distribution


    def main():
        found = {"versions": {}, "origins": {}, "about": {}}
        for each in distributions():
            found["versions"][each.name] = each.version
            origin = each.read_text("direct_url.json")
            if origin:
                found["origins"][each.name] = json.loads(origin)
            if each.name in ("tooling", "helper"):
                continue
            module = importlib.import_module(each.name)
            if hasattr(module, "TOOLS"):
                found["about"][each.name] = [module.SETTINGS, module.TOOLS, module.VARIABLE]
        found["answer"] = importlib.import_module("compiled_answer").ANSWER
        weights = pathlib.Path(__file__).parent.parent / "large_weights.bin"
        found["weights"] = weights.read_text() if weights.exists() else ""
        print(json.dumps(found))
    """


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The workspace, with an index, a git server and a site for as long as the tests run."""
    folder = tmp_path_factory.mktemp("built")
    shop = Workspace(folder / "shop")
    with serve() as index, serve_site(folder / "bare") as site:
        for name, version in (
            ("forced", "1.0"),
            ("forked", "1.0"),
            ("forked", "2.0"),
            ("engine", "1.0"),
            ("engine", "2.0"),
            ("tooling", "1.0"),
            ("tooling", "2.0"),
            ("helper", "3.0"),
            ("small", "1.0"),
        ):
            index.wheel(name, version, code=f"VERSION = {version!r}")
        index.files |= {
            "pure-1.0.tar.gz": sdist("pure"),
            "compiled-1.0.tar.gz": sdist("compiled", more={"answer.c": dedent(EXTENSION)}),
            "forced-1.0.tar.gz": sdist("forced"),
            "constrained-1.0.tar.gz": sdist("constrained", needs=("tooling",)),
            "extended-1.0.tar.gz": sdist("extended"),
        }
        monorepo = {f"{n}/{p}": t for n in NESTED for p, t in project(n).items()}
        first = commit(folder / "tagged", {**project("tagged"), **monorepo}, "v1")
        commit(folder / "tagged", {"later.txt": "later"})
        commit(folder / "branched", project("branched"))
        oid = hashlib.sha256(WEIGHTS).hexdigest()
        pointer = (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(WEIGHTS)}\n"
        )
        attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
        large = {".gitattributes": attributes, "weights.bin": pointer, **project("large")}
        commit(folder / "large", large)
        index.wheel("direct")
        site.files |= {
            "direct-1.0-py3-none-any.whl": index.files.pop("direct-1.0-py3-none-any.whl"),
            "inside.tar.gz": packed("top/sub/inside", project("inside")),
            oid: WEIGHTS,
        }
        sources = SOURCES.format(
            tagged=site.repository("tagged", folder / "tagged"),
            branched=site.repository("branched", folder / "branched"),
            large=site.repository("large", folder / "large"),
            site=site.url,
            commit=first,
        )
        yield fill(shop, sources, index.url)


def fill(shop: Workspace, sources: str, index: str) -> Workspace:
    """Write the workspace and lock it."""
    declared = f'\n[[tool.uv.index]]\nname = "corp"\nurl = "{index}/simple"\ndefault = true\n'
    shop.write("Dockerfile", f'{DOCKERFILE}builder = "{BUILDER}"\n')
    shop.write("pyproject.toml", dedent(ROOT) + dedent(sources) + declared)
    shop.write("src/svc/__init__.py", MAIN)
    for folder in ("linked", "libs/core"):
        for path, text in project(folder.rpartition("/")[2]).items():
            shop.write(f"{folder}/{path}", text)
    notes = """\
        [project]
        name = "notes"
        version = "1.0"
        requires-python = ">=3.11"
        dependencies = ["small"]
        """
    shop.write("notes/pyproject.toml", notes)
    (shop.folder / "vendor").mkdir()
    archive = packed("archived-1.0", project("archived"))
    (shop.folder / "vendor/archived.tar.gz").write_bytes(archive)
    lock(shop, "--default-index", f"{index}/simple")
    # This machine may have no git-lfs, without which uv neither locks `lfs = true` nor could tell.
    locked = shop.folder / "uv.lock"
    asked = 'large.git", branch = "main"'
    shop.replace("pyproject.toml", asked, f"{asked}, lfs = true")
    text = locked.read_text()
    assert text.count("large.git?branch=main") == 2
    locked.write_text(text.replace("large.git?branch=main", "large.git?lfs=true&branch=main"))
    return shop


def lock(shop: Workspace, *options: str) -> None:
    """Let uv lock with the workspace's own settings, which `Workspace.lock` leaves out."""
    command = [uv_binary(), "lock", "--quiet", "--no-cache", *options]
    done = subprocess.run(command, cwd=shop.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def build(engine: Engine, shop: Workspace, image: str, **arguments: str) -> dict[str, Any]:
    """Build an image and return what its program says."""
    engine.build(shop.folder, REACH, tag=image, build_args=arguments)
    told: dict[str, Any] = json.loads(engine.run(image).stdout)
    return told


def layers(engine: Engine, image: str) -> list[str]:
    shown = engine.docker("image", "inspect", image, "--format", "{{json .RootFS.Layers}}")
    found: list[str] = json.loads(shown.stdout)
    return found


@pytest.fixture(scope="module")
def builders(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Make the images to build in."""
    folder = tmp_path_factory.mktemp("builders")
    (folder / "Dockerfile").write_text(dedent(TOOLS))
    for image, target in ((WITHOUT_LFS, ["--target=plain"]), (BUILDER, [])):
        docker28.build(folder, "--provenance=false", *target, tag=image)
        docker28.publish(image)


@pytest.fixture(scope="module")
def told(docker28: Engine, builders: None, shop: Workspace) -> dict[str, Any]:
    """What the program says in an image with all of them."""
    return build(docker28, shop, IMAGE, extras="cpu,folder,media")


def test_what_is_installed(told: dict[str, Any]) -> None:
    """Each in the version for this platform and selection; of a virtual one what it needs."""
    names = {*BUILT, "large", "direct", "linked", "small", "core", "forked", "engine", "svc"}
    assert told["versions"] == dict.fromkeys(names, "1.0")
    assert told["answer"] == 42
    assert told["weights"] == WEIGHTS.decode()


def test_each_that_is_built_has_a_layer(docker28: Engine, told: dict[str, Any]) -> None:
    """`forced` has a wheel as well."""
    history = docker28.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", IMAGE)
    lines = history.stdout.splitlines()
    assert {f"{name} 1.0" for name in (*BUILT, "large")} <= set(lines)
    # Below what comes and goes with small changes, and below members.
    [shared] = [number for number, line in enumerate(lines) if " packages: direct …" in line]
    assert all(lines.index(f"{name} 1.0") > shared for name in BUILT)


def test_settings_of_builds(told: dict[str, Any]) -> None:
    color, about = {"color": "red"}, told["about"]
    assert about["pure"] == [{**color, "shape": "round"}, {}, ""]
    assert about["compiled"] == [color, {}, ""]
    assert about["constrained"] == [color, {"tooling": "1.0"}, ""]
    assert about["extended"] == [color, {"helper": "3.0"}, "given"]
    # Members and directories are built with them, too.
    assert about["core"] == about["linked"] == [color, {}, ""]


def test_origins(shop: Workspace, told: dict[str, Any]) -> None:
    """As the lock and the manifest name them (PEP 610)."""
    lock = (shop.folder / "uv.lock").read_text()
    origins = told["origins"]
    for name, revision, folder in (
        ("tagged", "v1", None),
        ("branched", "main", None),
        ("pinned", COMMIT, "pinned"),
        ("shortened", COMMIT, "shortened"),
        ("nested", None, "nested"),
        ("large", "main", None),
    ):
        about = origins[name]["vcs_info"]
        assert re.search(rf'^source = {{ git = .*#{about["commit_id"]}" }}$', lock, re.MULTILINE)
        asked = about.get("requested_revision")
        if revision is COMMIT:
            assert about["commit_id"].startswith(asked)
            assert len(asked) == (10 if name == "shortened" else 40)
        else:
            assert asked == revision
        assert origins[name].get("subdirectory") == folder
    assert origins["direct"]["url"].endswith("/direct-1.0-py3-none-any.whl")
    assert origins["inside"]["subdirectory"] == "sub/inside"


def test_the_other_of_two_conflicting_extras(
    docker28: Engine, shop: Workspace, told: dict[str, Any]
) -> None:
    """Only what differs is installed again."""
    other = build(docker28, shop, f"{IMAGE}-gpu", extras="gpu,folder,media")
    assert other["versions"] == {**told["versions"], "engine": "2.0"}
    ours = layers(docker28, IMAGE)
    new = [layer for layer in layers(docker28, f"{IMAGE}-gpu") if layer not in ours]
    assert len(new) == 1


def test_the_same_layers_without_network(
    docker28: Engine, shop: Workspace, told: dict[str, Any]
) -> None:
    """But for what BuildKit cannot fetch."""
    build(docker28, shop, f"{IMAGE}-hermetic", extras="cpu", hermetic="true")
    without = set(layers(docker28, IMAGE)) - set(layers(docker28, f"{IMAGE}-hermetic"))
    assert len(without) == 2


@pytest.mark.parametrize(("extra", "name"), [("media", "large"), ("folder", "inside")])
@pytest.mark.usefixtures("builders")
def test_refused_without_network(docker28: Engine, shop: Workspace, extra: str, name: str) -> None:
    """Large files, and a folder of an archive that has an address of its own."""
    shown = fail(docker28, shop.folder, REACH, extras=extra, hermetic="true")
    said = f"a hermetic build cannot take {name} 1.0 from where the lock has it: "
    assert shown.title.startswith(said)
    assert "without `hermetic`" in shown.remedy
    assert shown.where.splitlines()[1:] == [f'name = "{name}"']


@pytest.mark.usefixtures("builders")
def test_large_files_without_the_program_for_them(docker28: Engine, shop: Workspace) -> None:
    """They must not be left as the pointers that stand in for them."""
    shop.write("Dockerfile", f'{DOCKERFILE}builder = "{WITHOUT_LFS}"\n')
    shown = fail(docker28, shop.folder, REACH, extras="media")
    assert shown.title == "large 1.0 has large files in git, and the builder image has no git-lfs"
    assert "build-apt" in shown.remedy
    assert shown.where.splitlines()[1:] == ['name = "large"', 'version = "1.0"']
