"""TOML files that know where their keys stand, so that an error can show the line.

tomli reads the values; it keeps no positions, so a line is looked up in the text only when an
error or a source map needs it.
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
_HEADER = re.compile(r"\s*(\[{1,2})\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?")


@dataclass(frozen=True)
class TomlDocument:
    """A parsed TOML file together with its text."""

    source: SourceFile
    data: Mapping[str, Any]

    @classmethod
    def parse(cls, source: SourceFile, remedy: str = "") -> TomlDocument:
        """Parse `source`; a syntax error becomes a FrontendError at its line, with `remedy`."""
        try:
            return cls(source, tomli.loads(source.text))
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
            within = [(found, line) for found, line in self._keys if found[:length] == wanted]
            if within:
                exact = (line for found, line in within if found == wanted)
                return Location.line(self.source, next(exact, within[0][1]))
        return Location.line(self.source, 1)

    def place_of(self, text: str, *path: str) -> Location:
        """Return the line below `path` that holds `text`, an item of its list; else its own."""
        start = self.place(*path)
        later = (
            line for found, line in self._keys if line > start.start and found[: len(path)] != path
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
        inside, found = False, dict[str, int]()
        for number, line in enumerate(self.source.text.split("\n"), 1):
            if line.startswith("["):
                if len(found) == len(expected):
                    break
                header = _HEADER.fullmatch(line)
                inside = header is not None and header.groups() == ("[[", array)
                found = {}
            elif inside:
                for key, pattern in expected.items():
                    if line.startswith(key) and pattern.match(line):
                        found[key] = number
        if found and len(found) == len(expected):
            return Location(self.source, min(found.values()), max(found.values()))
        return Location.line(self.source, 1)

    @cached_property
    def _keys(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """Every key and table header with its line, in the order of the text."""
        return tuple(_Scanner(self.source.text).keys())


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
        """The token to come; empty at the end."""
        return self._tokens[self._next][0] if self._next < len(self._tokens) else ""

    def _parts(self, end: str) -> tuple[str, ...]:
        """The parts of a dotted key, up to and including the token `end`."""
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
