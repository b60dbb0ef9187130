"""The manifest that a member is built with."""

from __future__ import annotations

import tomli

from frontend.manifest import NOT_FOR_BUILDS, for_building

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
