"""Members of every kind, in the image of one service."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.kinds.checkout import DOCKERFILE, lock, write
from tests.shop import distributions, reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine

IMAGE = "uv-frontend-test/kinds-members"
ROOT = """\
    [project]
    name = "Root_Service"
    version = "1.0"
    requires-python = ">=3.11"
    dependencies = ["licensed", "made", "Part.One", "part-two", "inner", "dotted_Name", "typed"]

    [project.scripts]
    root-service = "root_service:main"

    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

    [tool.hatch.build.targets.wheel]
    packages = ["src/root_service"]

    [tool.uv.workspace]
    members = ["libs/*", "libs/typed/inner", "tools/*"]

    [tool.uv.sources]
    licensed = { workspace = true }
    made = { workspace = true }
    part-one = { workspace = true }
    part-two = { workspace = true }
    inner = { workspace = true }
    dotted-name = { workspace = true }
    typed = { workspace = true }
    maker = { workspace = true }
    words = { workspace = true }
    """
MAIN = """\
    import json
    from importlib.metadata import distribution, version

    import dotted_name, inner, licensed, made, shared.one, shared.two, typed
    from importlib.resources import files


    def main():
        print(json.dumps({
            "made": made.WORDS,
            "versions": {name: version(name) for name in ("typed", "dotted-name", "licensed")},
            "licence": [f.name for f in distribution("licensed").files if "LICENSE" in f.name],
            "readme": distribution("licensed").metadata.get_payload(),
            "data": (files(licensed) / "table.csv").read_text(),
        }))
    """


def member(name: str, backend: str, more: str = "", version: str = "1.0") -> str:
    objects = {
        "hatchling": "hatchling.build",
        "setuptools": "setuptools.build_meta",
        "uv_build": "uv_build",
        "flit_core": "flit_core.buildapi",
    }
    return (
        f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = ">=3.11"\n'
        f"{more}\n"
        f'[build-system]\nrequires = ["{backend}"]\nbuild-backend = "{objects[backend]}"\n'
    )


FILES = {
    "Dockerfile": DOCKERFILE + 'package = "root-service"\n',
    "pyproject.toml": ROOT,
    "LICENSE": "do what you want\n",
    "docs/about.md": "about it\n",
    "src/root_service/__init__.py": MAIN,
    # Licence, readme and version stand elsewhere in the workspace.
    "libs/licensed/pyproject.toml": """\
        [project]
        name = "licensed"
        dynamic = ["version", "readme"]
        requires-python = ">=3.11"

        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"

        [tool.commitizen]
        version = "3.1"

        [tool.setuptools.package-data]
        licensed = ["*.csv"]

        [tool.uv-frontend]
        include = ["LICENSE", "docs/about.md"]
        """,
    "libs/licensed/setup.py": """\
        import pathlib, shutil, tomllib
        from setuptools import setup
        shutil.copy("../../LICENSE", "LICENSE")
        version = tomllib.loads(pathlib.Path("pyproject.toml").read_text())
        setup(
            version=version["tool"]["commitizen"]["version"],
            long_description=pathlib.Path("../../docs/about.md").read_text(),
        )
        """,
    "libs/licensed/src/licensed/__init__.py": "",
    "libs/licensed/src/licensed/table.csv": "1,2\n",
    # Its build needs two other members, which are not in the image.
    "libs/made/pyproject.toml": """\
        [project]
        name = "made"
        version = "1.0"
        requires-python = ">=3.11"

        [build-system]
        requires = ["setuptools", "maker"]
        build-backend = "setuptools.build_meta"
        """,
    "libs/made/setup.py": """\
        import maker
        from setuptools import setup
        maker.make("made.py")
        setup(py_modules=["made"])
        """,
    "tools/maker/pyproject.toml": member("maker", "uv_build", 'dependencies = ["words"]\n'),
    "tools/maker/src/maker/__init__.py": """\
        import pathlib, words
        def make(path):
            pathlib.Path(path).write_text(f"WORDS = {words.WORDS!r}")
        """,
    "tools/words/pyproject.toml": member("words", "flit_core", 'description = "words"\n'),
    "tools/words/words.py": "WORDS = 'first'\n",
    # A namespace in two members.
    "libs/one/pyproject.toml": member("Part.One", "setuptools"),
    "libs/one/src/shared/one/__init__.py": "",
    "libs/two/pyproject.toml": member("part_two", "hatchling")
    + '[tool.hatch.build.targets.wheel]\npackages = ["shared"]\n',
    "libs/two/shared/two/__init__.py": "",
    # A member in a member.
    "libs/typed/pyproject.toml": member("typed", "setuptools")
    + '[tool.setuptools]\npackages = ["typed"]\n',
    "libs/typed/typed/__init__.py": "",
    "libs/typed/inner/pyproject.toml": member("inner", "uv_build"),
    "libs/typed/inner/src/inner/__init__.py": "",
    "libs/dotted/pyproject.toml": member("Dotted.Name", "hatchling")
    + '[tool.hatch.build.targets.wheel]\npackages = ["dotted_name"]\n',
    "libs/dotted/dotted_name/__init__.py": "",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(tmp_path_factory.mktemp("members"), FILES)
    lock(folder)
    return folder


@pytest.fixture(scope="module")
def image(docker28: Engine, checkout: Path) -> str:
    docker28.build(checkout, tag=IMAGE)
    return IMAGE


def test_runs(docker28: Engine, image: str) -> None:
    told = json.loads(docker28.run(image).stdout)
    assert told["made"] == "first"
    assert told["versions"] == {"typed": "1.0", "dotted-name": "1.0", "licensed": "3.1"}
    assert told["licence"] == ["LICENSE"]
    assert told["readme"].strip() == "about it"
    assert told["data"] == "1,2\n"


def test_installed_is_what_uv_installs(docker28: Engine, image: str, checkout: Path) -> None:
    expected = reference.of_package(docker28, checkout, "root-service", "python:3.13-slim")
    assert distributions.differences(distributions.of_image(docker28, image), expected) == []


def test_wheels_and_links_are_built_with_the_same(
    docker28: Engine, checkout: Path, tmp_path: Path
) -> None:
    docker28.build(checkout, "--target=wheels", f"--output={tmp_path}")
    (licensed,) = tmp_path.glob("licensed-3.1-*.whl")
    with zipfile.ZipFile(licensed) as wheel:
        assert b"about it" in wheel.read("licensed-3.1.dist-info/METADATA")
    (made,) = tmp_path.glob("made-1.0-*.whl")
    with zipfile.ZipFile(made) as wheel:
        assert wheel.read("made.py") == b"WORDS = 'first'"
    assert not [*tmp_path.glob("maker*"), *tmp_path.glob("words*")]

    docker28.build(checkout, "--target=dev", tag=f"{IMAGE}-dev")
    told = json.loads(docker28.run(f"{IMAGE}-dev").stdout)
    assert (told["made"], told["readme"].strip()) == ("first", "about it")
    manifest = docker28.run(
        f"{IMAGE}-dev", "/src/libs/made/pyproject.toml", options=["--entrypoint=cat"]
    ).stdout
    assert manifest == (checkout / "libs/made/pyproject.toml").read_text()


def test_member_that_builds_need_is_seen_when_it_changes(
    docker28: Engine, image: str, checkout: Path
) -> None:
    (checkout / "tools/words/words.py").write_text("WORDS = 'second'\n")
    docker28.build(checkout, tag=f"{IMAGE}-changed")
    assert json.loads(docker28.run(f"{IMAGE}-changed").stdout)["made"] == "second"


def test_digests_count_what_only_builds_read(docker28: Engine, image: str, checkout: Path) -> None:
    def parts() -> dict[str, Any]:
        done = docker28.docker("buildx", "build", "--call=affected,format=json", checkout)
        found: dict[str, Any] = json.loads(done.stdout)["packages"][0]["parts"]
        return found

    before = parts()
    (checkout / "docs/about.md").write_text("more about it\n")
    (checkout / "tools/words/words.py").write_text("WORDS = 'third'\n")
    after = parts()
    assert before["include"] != after["include"]
    moved = {
        name for name in before["members"] if before["members"][name] != after["members"][name]
    }
    # The root has all that is in no other member.
    assert moved == {"words", "root-service"}
