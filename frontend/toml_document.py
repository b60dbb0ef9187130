"""TOML files with the lines of their keys, so that an error can show the line.

tomli reads the values and keeps no positions. A line is looked up in the text only when an error
or a source map needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tomli

from frontend.errors import FrontendError, Location, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>\"{3}(?:\\.|[^\\])*?\"{3}\"{0,2}|'{3}.*?'{3}'{0,2}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
    | (?P<mark>[\[\]{}=,.])
    | (?P<word>[^\s\[\]{}=,."'\#]+)
    """,
    re.VERBOSE | re.DOTALL,
)
#: Tables and lists stand in each other at most so deep; what is read afterwards uses recursion.
MAX_DEPTH = 64
# What may be a number of more digits than Python converts; words are looked at from their start.
_LONG = 1000
_LONG_NUMBER = re.compile(rf"(?<![0-9A-Za-z_])(?:0[box])?[0-9A-Fa-f_]{{{_LONG}}}")
_MAX_BITS = 3 * _LONG


@dataclass(frozen=True)
class TomlDocument:
    """A parsed TOML file together with its text."""

    source: SourceFile
    data: Mapping[str, Any]

    @classmethod
    def parse(cls, source: SourceFile, remedy: str = "") -> TomlDocument:
        """Parse `source`; a syntax error becomes a FrontendError at its line, with `remedy`."""
        try:
            return cls(source, load_toml(source.text))
        except tomli.TOMLDecodeError as error:
            # What is missing at the end is missed after the last line that says something.
            last = source.text.rstrip().count("\n") + 1
            raise FrontendError(
                f"{source.filename} is not valid TOML: {error}",
                remedy=remedy or "Correct that line: uv cannot read the file either.",
                places=(Location.line(source, min(error.lineno, last)),),
            ) from None

    def get(self, *path: str) -> Any:
        """Return the value at `path`, or None where a step of it is missing."""
        value: Any = self.data
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        return value

    def place(self, *path: str) -> Location:
        """Return the line that defines `path`, or that of its nearest parent, or the first line."""
        for length in range(len(path), 0, -1):
            wanted = path[:length]
            within = [(key, line) for key, line in self._keys if key[:length] == wanted]
            if within:
                exact = (line for key, line in within if key == wanted)
                return Location.line(self.source, next(exact, within[0][1]))
        return Location.line(self.source, 1)

    def place_at(self, *path: str | int) -> Location:
        """Return the line of a value whose path has positions of lists in it.

        The position in an array of tables leads to that table's header. What an inline list holds
        is at the line of the list's key.
        """
        keys, line = self._keys, 1
        names: tuple[str, ...] = ()
        for step in path:
            if isinstance(step, int):
                headers = [n for n, (key, _) in enumerate(keys) if key == names]
                if step < len(headers):
                    end = headers[step + 1] if step + 1 < len(headers) else len(keys)
                    keys = keys[headers[step] : end]
                    line = keys[0][1]
                continue
            names = (*names, step)
            below = [(key, number) for key, number in keys if key[: len(names)] == names]
            if not below:
                break
            line = next((number for key, number in below if key == names), below[0][1])
        return Location.line(self.source, line)

    def place_of(self, text: str, *path: str) -> Location:
        """Return the line below `path` that holds `text`, an item of its list; else its own."""
        start = self.place(*path)
        later = (
            line for key, line in self._keys if line > start.start and key[: len(path)] != path
        )
        lines = self.source.text.split("\n")
        for number in range(start.start, next(later, len(lines) + 1)):
            if text in lines[number - 1]:
                return Location.line(self.source, number)
        return start

    def array_item(self, array: str, **wanted: str) -> Location:
        """Return the place of the `[[array]]` table whose string keys have the `wanted` values.

        Looks at one line at a time, since a lock can have a hundred thousand of them: the keys are
        found where each stands on a line of its own.
        """
        expected = {
            key: re.compile(rf'{re.escape(key)}\s*=\s*"{re.escape(value)}"')
            for key, value in wanted.items()
        }
        inside, lines = False, dict[str, int]()
        for number, line in enumerate(self.source.text.split("\n"), 1):
            if line.startswith("["):
                if len(lines) == len(expected):
                    break
                inside = _is_header(line, array)
                lines = {}
            elif inside:
                for key, pattern in expected.items():
                    if line.startswith(key) and pattern.match(line):
                        lines[key] = number
        if lines and len(lines) == len(expected):
            return Location(self.source, min(lines.values()), max(lines.values()))
        return Location.line(self.source, 1)

    @cached_property
    def _keys(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """Every key and table header with its line, in the order of the text."""
        return tuple(_Scanner(self.source.text).keys())


def load_toml(text: str) -> dict[str, Any]:
    """Parse TOML; TOMLDecodeError also for what Python refuses to hold.

    That is a number of thousands of digits, which Python does not convert, and a nesting that
    exceeds `MAX_DEPTH`.
    """
    try:
        data = tomli.loads(text)
    except RecursionError:
        raise tomli.TOMLDecodeError(_TOO_DEEP, text, _deepest(text)) from None
    except tomli.TOMLDecodeError:
        raise
    except ValueError as error:
        number = _LONG_NUMBER.search(text)
        if number is None:
            raise tomli.TOMLDecodeError(str(error), text, 0) from None
        raise tomli.TOMLDecodeError(_TOO_LONG, text, number.start()) from None
    if _exceeds_depth(data):
        raise tomli.TOMLDecodeError(_TOO_DEEP, text, _deepest(text))
    # Most files have no line that a long number could be on.
    if max(map(len, text.split("\n"))) > _LONG:
        number = _LONG_NUMBER.search(text)
        if number and _holds_long_number(data):
            raise tomli.TOMLDecodeError(_TOO_LONG, text, number.start())
    return data


_TOO_DEEP = f"tables and lists are nested more than {MAX_DEPTH} deep"
_TOO_LONG = "a number has too many digits"


def _exceeds_depth(data: Any) -> bool:
    """Return whether tables and lists are nested too deep, without recursion."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = _inner(level)
        if not level:
            return False
    return True


def _inner(level: list[Any]) -> list[Any]:
    """Return the tables and lists that those of one level hold."""
    return [
        value
        for container in level
        for value in (container.values() if isinstance(container, dict) else container)
        if isinstance(value, (dict, list))
    ]


def _holds_long_number(data: Any) -> bool:
    level = [data]
    while level:
        for container in level:
            values = container.values() if isinstance(container, dict) else container
            if any(type(v) is int and v.bit_length() > _MAX_BITS for v in values):
                return True
        level = _inner(level)
    return False


def _deepest(text: str) -> int:
    """Return the position of the line that is likely to nest too deep: it has the most signs."""
    start, position, most = 0, 0, -1
    for line in text.split("\n"):
        signs = line.count("[") + line.count("{") + line.count(".")
        if signs > most:
            position, most = start, signs
        start += len(line) + 1
    return position


def _is_header(line: str, array: str) -> bool:
    """Return whether a line is the header `[[array]]`, with blanks and a comment or without."""
    name, end, rest = line[2:].partition("]]")
    rest = rest.strip()
    return bool(
        line.startswith("[[")
        and end
        and name.strip() == array
        and (not rest or rest.startswith("#"))
    )


class _Scanner:
    """Walks through the tokens of a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0

    def keys(self) -> Iterator[tuple[tuple[str, ...], int]]:
        table: tuple[str, ...] = ()
        while self._next < len(self._tokens):
            token, line = self._tokens[self._next]
            if token == "\n":
                self._next += 1
            elif token == "[":
                table = self._parts("\n")
                yield table, line
            else:
                yield from self._pair(table)

    def _peek(self) -> str:
        """Return the token to come; empty at the end."""
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _parts(self, end: str) -> tuple[str, ...]:
        """Return the parts of a dotted key, and consume the token `end`."""
        parts = []
        while (token := self._peek()) not in (end, ""):
            if token not in ("[", "]", "."):
                parts.append(_unquoted(token))
            self._next += 1
        self._next += 1
        return tuple(parts)

    def _pair(self, table: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
        line = self._tokens[self._next][1]
        path = (*table, *self._parts("="))
        yield path, line
        yield from self._value(path)

    def _value(self, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
        opened = self._peek()
        if opened not in ("[", "{"):
            # A date or a number can be several tokens.
            while self._peek() not in ("\n", ",", "]", "}", ""):
                self._next += 1
            return
        self._next += 1
        while (token := self._peek()) not in ("]", "}", ""):
            if token in ("\n", ","):
                self._next += 1
            elif opened == "{":
                yield from self._pair(path)
            else:
                yield from self._value(path)
        self._next += 1


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "blank":
            yield match.group(), line
        line += match.group().count("\n")


def _unquoted(part: str) -> str:
    if part[0] == '"':
        return str(tomli.loads(f"key = {part}")["key"])
    return part[1:-1] if part[0] == "'" else part
