"""Dependencies of every kind that a lock knows, in the image of one service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.errors.index import REACH
from tests.errors.shown import fail
from tests.kinds.checkout import DOCKERFILE, lock, repository, sdist, serve, wheel, write
from tests.shop import distributions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine import Engine

IMAGE = "uv-frontend-test/kinds-dependencies"
SETUP = """\
    from setuptools import setup
    setup(name="{name}", version="1.0", py_modules=["{name}"])
    """
#: Builds only where packaging is installed already.
AGAINST = """\
    import pathlib, packaging
    from setuptools import setup
    pathlib.Path("{name}.py").write_text(f"PACKAGING = {{packaging.__version__!r}}")
    setup(name="{name}", version="1.0", py_modules=["{name}"])
    """
NAMES = (
    "tagged",
    "nested",
    "linked",
    "flat",
    "archived",
    "source_archived",
    "old",
    "direct",
    "unisolated",
    "matched",
)


def manifest(url: str) -> str:
    return f"""\
    [project]
    name = "svc"
    version = "1.0"
    requires-python = ">=3.11"
    dependencies = [
        "tagged", "nested", "linked", "flat", "archived", "source-archived", "old", "direct",
        "unisolated", "matched", "packaging==25.0", "setuptools",
    ]

    [project.scripts]
    svc = "svc:main"

    [build-system]
    requires = ["uv_build"]
    build-backend = "uv_build"

    [tool.uv]
    find-links = ["./links"]
    no-build-isolation-package = ["unisolated"]

    [tool.uv.extra-build-dependencies]
    matched = [{{ requirement = "packaging", match-runtime = true }}]

    [[tool.uv.index]]
    name = "folder"
    url = "./folder"
    format = "flat"
    explicit = true

    [tool.uv.sources]
    tagged = {{ git = "{url}/tagged.git", tag = "v1.4.0" }}
    nested = {{ git = "{url}/tagged.git", subdirectory = "sub/nested" }}
    flat = {{ index = "folder" }}
    archived = {{ path = "vendor/archived-1.0-py3-none-any.whl" }}
    source-archived = {{ path = "../outside/source_archived-1.0.tar.gz" }}
    old = {{ path = "../outside/old" }}
    direct = {{ url = "{url}/direct-1.0-py3-none-any.whl" }}
    unisolated = {{ path = "vendor/unisolated-1.0.tar.gz" }}
    matched = {{ path = "vendor/matched-1.0.tar.gz" }}
    """


MAIN = f"""\
    import importlib, json
    from importlib.metadata import distribution, version


    def main():
        found = {{}}
        for name in {NAMES!r}:
            importlib.import_module(name)
            found[name] = version(name)
        found["packaging of unisolated"] = importlib.import_module("unisolated").PACKAGING
        found["packaging of matched"] = importlib.import_module("matched").PACKAGING
        for name in ("tagged", "nested"):
            found[f"origin of {{name}}"] = json.loads(
                distribution(name).read_text("direct_url.json")
            )
        print(json.dumps(found))
    """


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of a repository and of a wheel."""
    folder = tmp_path_factory.mktemp("served")
    scm = """\
        [project]
        name = "tagged"
        dynamic = ["version"]
        [build-system]
        requires = ["setuptools", "setuptools-scm"]
        build-backend = "setuptools.build_meta"
        [tool.setuptools_scm]
        """
    nested = """\
        [project]
        name = "nested"
        version = "0.3"
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        """
    files = {
        "pyproject.toml": scm,
        "src/tagged/__init__.py": "",
        "sub/nested/pyproject.toml": nested,
        "sub/nested/nested/__init__.py": "",
    }
    repository(folder / "tagged", files, "v1.4.0")
    write(folder, {"direct-1.0-py3-none-any.whl": wheel("direct")})
    with serve(folder) as url:
        yield url


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, address: str) -> Path:
    """The workspace is a folder of the context; some of what it needs lies beside it."""
    folder = tmp_path_factory.mktemp("dependencies")
    files: dict[str, str | bytes] = {
        "Dockerfile": f'{DOCKERFILE}workspace = "backend"\n',
        "backend/Dockerfile": DOCKERFILE,
        "backend/pyproject.toml": manifest(address),
        "backend/src/svc/__init__.py": MAIN,
        "backend/links/linked-1.0-py3-none-any.whl": wheel("linked"),
        "backend/folder/flat-1.0-py3-none-any.whl": wheel("flat"),
        "backend/vendor/archived-1.0-py3-none-any.whl": wheel("archived"),
        "backend/vendor/unisolated-1.0.tar.gz": sdist(
            "unisolated", AGAINST.format(name="unisolated")
        ),
        "backend/vendor/matched-1.0.tar.gz": sdist("matched", AGAINST.format(name="matched")),
        "outside/source_archived-1.0.tar.gz": sdist(
            "source_archived",
            "import pathlib\npathlib.Path('source_archived.py').write_text('')\n"
            "from setuptools import setup\n"
            "setup(name='source_archived', version='1.0', py_modules=['source_archived'])\n",
        ),
        "outside/old/setup.py": SETUP.format(name="old"),
        "outside/old/old.py": "",
    }
    write(folder, files)
    lock(folder / "backend")
    return folder


@pytest.fixture(scope="module")
def image(docker28: Engine, checkout: Path) -> str:
    docker28.build(checkout, REACH, tag=IMAGE)
    return IMAGE


def test_runs_with_all_of_them(docker28: Engine, image: str, address: str) -> None:
    told = json.loads(docker28.run(image).stdout)
    assert {name: told[name] for name in NAMES} == {
        **dict.fromkeys(NAMES, "1.0"),
        "tagged": "1.4.0",
        "nested": "0.3",
    }
    assert told["packaging of unisolated"] == "25.0"
    assert told["packaging of matched"] == "25.0"
    origin = told["origin of tagged"]
    assert origin["url"] == f"{address}/tagged.git"
    assert origin["vcs_info"]["requested_revision"] == "v1.4.0"
    assert told["origin of nested"]["subdirectory"] == "sub/nested"


def test_nothing_else_is_installed(docker28: Engine, image: str) -> None:
    found = distributions.of_image(docker28, image)
    names = {name.replace("_", "-") for name in NAMES}
    assert found.names == {*names, "packaging", "setuptools", "svc"}
    assert not found.damaged


def test_each_that_is_built_has_a_layer(docker28: Engine, image: str) -> None:
    history = docker28.docker(
        "history", "--no-trunc", "--format", "{{.Comment}} {{.CreatedBy}}", image
    )
    for name in ("tagged 1.4.0", "nested 0.3", "unisolated 1.0", "source-archived 1.0"):
        assert name in history.stdout


def test_outside_of_the_context(docker28: Engine, checkout: Path) -> None:
    shown = fail(docker28, checkout / "backend", REACH, ca=False)
    assert "outside of the build context: ../outside/" in shown.title
    assert "workspace=" in shown.remedy
    assert shown.excerpts[0].file == "uv.lock"
