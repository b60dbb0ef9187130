"""The manifest that a member is built with."""

from __future__ import annotations

import pytest
import tomli

from frontend.errors import SourceFile
from frontend.project.manifest import NOT_FOR_BUILDS, compiler, for_building
from frontend.toml_document import TomlDocument

MANIFEST = (
    """\
# comment
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "api"  # comment
version = "1"
readme = { text = """
    + "'''\nTwo\nlines\n'''"
    + """, content-type = "text/plain" }

[dependency-groups]
dev = ["pytest"]

[tool.hatch.build]
packages = ["src/api"]

[tool.ruff]
line-length = 100

[tool.uv.build-backend]
module-root = ""
"""
)


def test_what_builds_read_stays_and_the_rest_goes() -> None:
    expected = tomli.loads(MANIFEST)
    del expected["dependency-groups"], expected["tool"]["ruff"]
    assert tomli.loads(for_building(tomli.loads(MANIFEST))) == expected


def test_settings_of_linters_and_comments_move_no_bytes() -> None:
    plain = for_building(tomli.loads(MANIFEST))
    for name in NOT_FOR_BUILDS:
        changed = f"{MANIFEST}\n# more\n[tool.{name}.more]\nx = 1\n".replace(
            "[tool.ruff]\n", "[x]\n"
        )
        assert for_building({k: v for k, v in tomli.loads(changed).items() if k != "x"}) == plain


def test_the_manifest_given_is_left_as_it_is() -> None:
    given = tomli.loads(MANIFEST)
    for_building(given)
    assert given == tomli.loads(MANIFEST)


def test_no_empty_table_is_left() -> None:
    assert for_building({"project": {"name": "x"}, "tool": {"ruff": {}}}) == (
        '[project]\nname = "x"\n'
    )
    assert for_building({}) == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[build-system]\nrequires = ["maturin>=1"]\nbuild-backend = "maturin"\n', 3),
        ('[build-system]\nbuild-backend = "scikit_build_core.build"\n', 2),
        ('[build-system]\nbuild-backend = "mesonpy"\n', 2),
        ('[build-system]\nrequires = [\n  "setuptools",\n  "Cython>=3",\n]\n', 4),
        ('[build-system]\nrequires = ["setuptools", "pybind11[global]"]\n', 2),
        ('[project]\nname = "a"\n[tool.setuptools]\next-modules = [{ name = "a.b" }]\n', 4),
        ('[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n', None),
        ('[build-system]\nrequires = ["setuptools"]\n[tool.setuptools]\npackages = ["a"]\n', None),
        ('[project]\nname = "a"\n', None),
    ],
)
def test_members_that_a_compiler_builds(text: str, line: int | None) -> None:
    place = compiler(TomlDocument.parse(SourceFile("pyproject.toml", text)))
    assert (place.start if place else None) == line
