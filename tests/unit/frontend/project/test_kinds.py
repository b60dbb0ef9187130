"""Kinds of values in TOML files, and where a wrong one is reported."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.errors import FrontendError
from frontend.project.kinds import (
    FLAG,
    INTEGER,
    TEXT,
    TEXTS,
    Either,
    Kind,
    ListOf,
    Mismatch,
    Table,
    TableOf,
    check_kind,
    path_text,
)
from tests.unit.frontend.workspaces import document

NAMED = Table({"name": TEXT, "extras": TEXTS}, ("name",))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (TEXT, ""),
        (INTEGER, 0),
        (FLAG, False),
        (TEXTS, []),
        (TEXTS, ["a", "b"]),
        (TableOf(TEXTS), {"a": ["b"], "c": []}),
        (NAMED, {"name": "a"}),
        (NAMED, {"name": "a", "other": 1}),
        (ListOf(NAMED), [{"name": "a", "extras": ["b"]}]),
        (Either(TEXT, NAMED), "a"),
        (Either(TEXT, NAMED), {"name": "a"}),
    ],
)
def test_a_value_of_its_kind(kind: Kind, value: object) -> None:
    assert kind.mismatch(value) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (TEXT, 1, Mismatch((), "text")),
        (INTEGER, "1", Mismatch((), "a whole number")),
        # Python takes true for 1.
        (INTEGER, True, Mismatch((), "a whole number")),
        (FLAG, 1, Mismatch((), "true or false")),
        (TEXTS, "text", Mismatch((), "a list")),
        (TEXTS, ["a", 1, 2], Mismatch((1,), "text")),
        (TableOf(TEXTS), [], Mismatch((), "a table")),
        (TableOf(TEXTS), {"a": [], "b": [[]]}, Mismatch(("b", 0), "text")),
        (NAMED, {}, Mismatch((), "a table with the key name")),
        (NAMED, {"name": []}, Mismatch(("name",), "text")),
        (
            ListOf(NAMED),
            [{"name": "a"}, {"name": "b", "extras": [1]}],
            Mismatch((1, "extras", 0), "text"),
        ),
        (Either(TEXT, NAMED), 1, Mismatch((), "text or a table")),
        (Either(TEXT, NAMED), {"name": 1}, Mismatch(("name",), "text")),
    ],
)
def test_a_value_of_another_kind(kind: Kind, value: object, expected: Mismatch) -> None:
    assert kind.mismatch(value) == expected


TEXT_WITH_TABLES = """\
a = 1

[[package]]
name = "one"

[[package]]
name = "two"
wheels = [
    { url = 1 },
]

[package.metadata]
requires = 1
"""


@pytest.mark.parametrize(
    ("kind", "path", "message", "line"),
    [
        (Table({"a": TEXT}), (), "a in x.toml must be text", 1),
        (TEXTS, ("a",), "a in x.toml must be a list", 1),
        (TEXTS, ("a", "b"), "a in x.toml must be a table", 1),
        (
            ListOf(Table({"metadata": TEXT})),
            ("package",),
            "package[1].metadata in x.toml must be text",
            12,
        ),
        (
            ListOf(Table({"metadata": TableOf(TEXTS)})),
            ("package",),
            "package[1].metadata.requires in x.toml must be a list",
            13,
        ),
        (
            ListOf(Table({"wheels": ListOf(Table({"url": TEXT}))})),
            ("package",),
            "package[1].wheels[0].url in x.toml must be text",
            9,
        ),
        (
            ListOf(Table({}, ("version",))),
            ("package",),
            "package[0] in x.toml must be a table with the key version",
            3,
        ),
    ],
)
def test_an_error_has_the_line(kind: Kind, path: tuple[str, ...], message: str, line: int) -> None:
    with pytest.raises(FrontendError) as raised:
        check_kind(document(TEXT_WITH_TABLES, "x.toml"), kind, *path, remedy="Mend it.")
    assert (raised.value.message, raised.value.remedy) == (message, "Mend it.")
    assert [place.start for place in raised.value.places] == [line]


def test_what_is_missing_has_no_kind() -> None:
    check_kind(document(TEXT_WITH_TABLES), TEXT, "b", "c", remedy="")


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("a",), "a"), (("a", "b"), "a.b"), (("a", 0, "b", 1, 2), "a[0].b[1][2]")],
)
def test_paths_in_messages(path: tuple[Any, ...], text: str) -> None:
    assert path_text(path) == text
