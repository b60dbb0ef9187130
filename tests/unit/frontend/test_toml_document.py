"""Lines of keys in TOML texts of every shape."""

from __future__ import annotations

from typing import Any

import pytest
import tomli
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from frontend.errors import FrontendError, Location, SourceFile
from frontend.toml_document import MAX_DEPTH, TomlDocument


def document(text: str) -> TomlDocument:
    return TomlDocument.parse(SourceFile("file.toml", text))


def line(text: str, *path: str) -> int:
    place = document(text).place(*path)
    assert place.start == place.end
    return place.start


EVERYTHING = '''\
# package = "comment"
"quoted key" = 1
body = """
[project]
name = "not a key"
"""  # trailing = 1
literal = \'\'\'
[tool]
it = 'is'\'\'\'
dotted.key . "with space" = 2

[project]  # [other]
name = "x"
scripts.run = "x:main"
"esc\\u0061ped" = true
when = 1979-05-27 07:32:00
number = 1.5
dependencies = [
  "a = 1",  # a = 1
  ["nested"],
  { name = "b" },
]
author = { name = "c", urls = { home = "d" } }

[tool."dotted.name"]
key = 1

  [ tool . spaced ]
  key = 2

[[package]]
name = "first"

[[package]]
name = "second"

[package.metadata]
requires = []
'''


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("quoted key",), 2),
        (("body",), 3),
        (("literal",), 7),
        (("dotted", "key", "with space"), 10),
        (("dotted", "key"), 10),
        (("dotted",), 10),
        (("project",), 12),
        (("project", "name"), 13),
        (("project", "scripts"), 14),
        (("project", "scripts", "run"), 14),
        (("project", "escaped"), 15),
        (("project", "when"), 16),
        (("project", "number"), 17),
        (("project", "dependencies"), 18),
        (("project", "dependencies", "name"), 21),
        (("project", "author", "urls", "home"), 23),
        (("tool",), 25),
        (("tool", "dotted.name", "key"), 26),
        (("tool", "spaced"), 28),
        (("tool", "spaced", "key"), 29),
        (("package",), 31),
        (("package", "name"), 32),
        (("package", "metadata", "requires"), 38),
    ],
)
def test_every_way_to_write_a_key(path: tuple[str, ...], expected: int) -> None:
    assert line(EVERYTHING, *path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("project", "missing"), 12),
        (("project", "name", "deeper"), 13),
        (("tool", "dotted.name", "missing", "deeper"), 25),
        (("tool", "missing"), 25),
        (("missing",), 1),
        ((), 1),
    ],
)
def test_a_missing_key_is_missed_at_its_nearest_parent(
    path: tuple[str, ...], expected: int
) -> None:
    assert line(EVERYTHING, *path) == expected


def test_a_table_of_its_own_is_meant_before_tables_inside_it() -> None:
    text = "[project.scripts]\nrun = 'x'\n\n[project]\nname = 'x'\n"
    assert line(text, "project") == 4
    assert line(text, "project", "scripts") == 1


def test_what_looks_like_a_key_or_a_header_inside_a_string_is_none() -> None:
    assert line(EVERYTHING, "name") == 1
    assert line(EVERYTHING, "tool", "it") == 25


def test_tables_over_several_lines() -> None:
    text = 'env = {\n  A = "1",\n  B = { C = "2" },\n}\npackage = "x"\n'
    assert line(text, "env", "A") == 2
    assert line(text, "env", "B", "C") == 3
    assert line(text, "package") == 5


def test_windows_line_ends() -> None:
    text = '[project]\r\ntext = """\r\nname = 1\r\n"""\r\nname = "x"\r\n'
    assert line(text, "project", "name") == 5


def test_only_line_feeds_end_a_line() -> None:
    text = 'a = "\u2028\u0085"\nb = 1\n'
    assert line(text, "b") == 2


@pytest.mark.parametrize("quotes", ['""', '"""', '""""', '"""""'])
def test_quotes_at_the_end_of_a_string_over_several_lines(quotes: str) -> None:
    text = f'a = """\nb = 1{quotes}"""\nb = 2\n' if quotes == '""' else f'a = """x{quotes}\nb = 2\n'
    assert line(text, "b") == text.count("\n")


def test_an_escaped_quote_does_not_end_a_string() -> None:
    assert line('a = "\\"\\\\"\nb = """\\"""\nc = 1\n"""\nc = 2\n', "c") == 5


def test_values() -> None:
    found = document(EVERYTHING)
    assert found.get("project", "scripts", "run") == "x:main"
    assert found.get("project", "name", "deeper") is None
    assert found.get("nothing") is None


LISTS = """\
[project]
dependencies = [
    "idna",
    "numpy>=2",  # numpy
]
name = "numpy"

[dependency-groups]
dev = [
    { include-group = "test" },
    "ruff",
]
test = ["ruff", "pytest"]
"""


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("idna", ("project", "dependencies"), 3),
        ("numpy>=2", ("project", "dependencies"), 4),
        ("absent", ("project", "dependencies"), 2),
        ("ruff", ("dependency-groups", "dev"), 11),
        ("ruff", ("dependency-groups", "test"), 13),
        ("pytest", ("dependency-groups", "dev"), 9),
        ("pytest", ("dependency-groups",), 13),
        ("idna", ("project", "missing"), 1),
    ],
)
def test_lines_of_items_of_a_list(text: str, path: tuple[str, ...], expected: int) -> None:
    place = document(LISTS).place_of(text, *path)
    assert (place.start, place.end) == (expected, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = \nc = 3\n", 2),
        ("a = 1\na = 2\n", 2),
        ("[x]\n[x]\n", 2),
        ("a = [\n  1,\n\n\n", 2),
        ('a = """\nopen', 2),
        ("\n\nnothing else", 3),
        ("\ufeffa = 1\n", 1),
        ("=", 1),
    ],
)
def test_a_syntax_error_has_its_line(text: str, expected: int) -> None:
    with pytest.raises(FrontendError, match=r"^file\.toml is not valid TOML: ") as raised:
        document(text)
    assert raised.value.places == (Location(SourceFile("file.toml", text), expected, expected),)


LOCK = """\
version = 1

[[package]]
name = "torch"
version = "2.4"
source = { registry = "https://index.example/simple" }

[package.metadata]
version = "9"

[[package]]
name = "torch"
version = "2.5"

[[package]]
name = "dynamic"

[[package]]
version = "1"
source = { editable = "." }
name = "other-order"

[[packages]]
name = "elsewhere"
"""


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"name": "torch"}, (4, 4)),
        ({"name": "torch", "version": "2.4"}, (4, 5)),
        ({"name": "torch", "version": "2.5"}, (12, 13)),
        ({"name": "torch", "version": "9"}, (1, 1)),
        ({"name": "dynamic"}, (16, 16)),
        ({"name": "dynamic", "version": "1"}, (1, 1)),
        ({"name": "other-order", "version": "1"}, (19, 21)),
        ({"name": "elsewhere"}, (1, 1)),
        ({"name": "tor"}, (1, 1)),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_of_an_array(wanted: dict[str, str], expected: tuple[int, int], end: str) -> None:
    place = document(LOCK.replace("\n", end)).array_item("package", **wanted)
    assert (place.start, place.end) == expected


NESTED = """\
title = 1
[[package]]
name = "one"
files = [{ url = "a" }]

[package.metadata]
requires = []

[[package]]
name = "two"
files = [
    { url = "a" },
    { url = "b" },
]

[[package.extra]]
name = "three"

[[package.extra]]
name = "four"

[other]
name = "five"
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), 1),
        (("missing", 0), 1),
        (("package",), 2),
        (("package", 0), 2),
        (("package", 0, "name"), 3),
        (("package", 0, "metadata", "requires", 3), 7),
        (("package", 0, "extra"), 2),
        (("package", 1), 9),
        (("package", 1, "name"), 10),
        (("package", 1, "files"), 11),
        (("package", 1, "files", 0, "url"), 12),
        (("package", 1, "files", 1, "missing"), 11),
        (("package", 1, "extra", 0, "name"), 17),
        (("package", 1, "extra", 1, "name"), 20),
        (("package", 2, "name"), 3),
        (("other", "name"), 23),
    ],
)
def test_lines_of_tables_by_their_position(path: tuple[str | int, ...], expected: int) -> None:
    assert document(NESTED).place_at(*path).start == expected


@pytest.mark.parametrize("depth", [MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 400, 5000])
@pytest.mark.parametrize(
    ("opened", "closed"),
    [("[", "]"), ("{ a = ", " }"), ("[{ a = ", " }]")],
    ids=["lists", "tables", "both"],
)
def test_how_deep_tables_and_lists_may_be(opened: str, closed: str, depth: int) -> None:
    count = depth // (2 if "[{" in opened else 1)
    levels = count * (2 if "[{" in opened else 1)
    inner = "[]" if opened == "[" else "1"
    text = f"x = 1\ny = {opened * count}{inner}{closed * count}\n"
    if levels + (inner == "[]") < MAX_DEPTH:
        assert document(text).place("y").start == 2
        return
    with pytest.raises(FrontendError, match=f"nested more than {MAX_DEPTH} deep") as raised:
        document(text)
    assert [place.start for place in raised.value.places] == [2]


@pytest.mark.parametrize(
    "number", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "1_" * 4400 + "1"]
)
def test_a_number_of_too_many_digits(number: str) -> None:
    with pytest.raises(FrontendError, match="a number has too many digits") as raised:
        document(f"x = 1\ny = [\n  {number},\n]\n")
    assert [place.start for place in raised.value.places] == [3]


def test_long_texts_are_no_numbers() -> None:
    text = "9" * 5000
    assert document(f'x = "{text}"\ny = 1 # {text}\n').data == {"x": text, "y": 1}
    assert document(f"x = 0.{text}\n").data == {"x": 1.0}


KEYS = st.text("ab. =\"'[]#é\\\n", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.datetimes(),
    st.text("ab=\"'[]{}#\\\n\t\u2028", max_size=12),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.booleans())
def test_the_line_found_is_that_of_the_key(data: dict[str, Any], multiline: bool) -> None:
    text = tomli_w.dumps(data, multiline_strings=multiline)
    found = document(text)
    lines = text.split("\n")
    for path in _paths(found.data):
        start = lines[found.place(*path).start - 1].strip()
        # Reading the line alone must give a key or a header that ends in the path's last step.
        statement = start if start.startswith("[") else _first_key(start)
        assert path[-1] in _names(tomli.loads(statement)), (path, start)


def _paths(table: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths of keys that stand for themselves: those inside arrays have no single line."""
    found = []
    for key, value in table.items():
        found.append((*path, key))
        if isinstance(value, dict):
            found += _paths(value, (*path, key))
    return found


def _first_key(statement: str) -> str:
    """`key = 0` for a line that starts with a key, by trying where the key ends."""
    for end, character in enumerate(statement):
        if character == "=":
            try:
                tomli.loads(f"{statement[:end]} = 0")
            except tomli.TOMLDecodeError:
                continue
            return f"{statement[:end]} = 0"
    raise AssertionError(f"no key in {statement!r}")


def _names(table: Any) -> set[str]:
    if isinstance(table, list):
        return {name for item in table for name in _names(item)}
    if not isinstance(table, dict):
        return set()
    return set(table) | {name for value in table.values() for name in _names(value)}
