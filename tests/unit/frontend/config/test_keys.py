"""Where a key was set."""

from __future__ import annotations

from frontend.config.keys import ARGUMENT, TABLE, TABLES, TABLES_OF_TEXT, SpecSource
from frontend.config.schema import KEYS
from frontend.errors import Location, SourceFile
from tests.unit.frontend.workspaces import document


def test_keys_of_a_table_are_at_their_lines() -> None:
    text = '[tool.uv-frontend]\nbase = "x"\n\n[tool.uv-frontend.env]\nA = "1"\n'
    manifest = document(text)
    source = SpecSource(manifest.get(*TABLE), manifest, TABLE)
    assert source.place("base") == Location.line(manifest.source, 2)
    assert source.place("env", "A") == Location.line(manifest.source, 5)
    assert source.place("cmd") == Location.line(manifest.source, 1)


def test_build_arguments_are_shown_as_they_were_given() -> None:
    arguments = {"base": "x", "env.A": "1", "labels": "y"}
    source = SpecSource({}, arguments=arguments)

    def shown(text: str) -> Location:
        return Location.line(SourceFile(ARGUMENT, text, ""), 1)

    assert source.place("base") == shown("base=x")
    assert source.place("env", "A") == shown("env.A=1")
    assert source.place("labels", "B") == shown("labels=y")
    assert source.place("env", "B") is None
    assert source.place("cmd") is None


def test_tables_are_keys() -> None:
    assert set(TABLES) < set(TABLES_OF_TEXT) <= set(KEYS)
