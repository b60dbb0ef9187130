"""TOML files that know where their keys stand, so that an error can show the line.

tomli reads the values; it keeps no positions, so a line is looked up in the text only when an
error or a source map needs it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli

from frontend.errors import FrontendError, Place, SourceText

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = re.compile(r"^\s*(\[{1,2})([^\]]+)\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_AT = re.compile(r"\(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class TomlDocument:
    """A parsed TOML file together with its text."""

    source: SourceText
    data: Mapping[str, Any]

    @classmethod
    def parse(cls, source: SourceText) -> TomlDocument:
        """Parse `source`; a syntax error becomes a FrontendError at its line."""
        try:
            return cls(source, tomli.loads(source.text))
        except tomli.TOMLDecodeError as error:
            message = str(error)
            match = _AT.search(message)
            last = source.text.count("\n") + 1
            line = int(match.group(1)) if match else last
            raise FrontendError(
                f"{source.filename} is not valid TOML: {message}",
                places=(Place.line(source, min(line, last)),),
            ) from None

    def get(self, *path: str) -> Any:
        """Return the value at `path`, or None where a step of it is missing."""
        value: Any = self.data
        for step in path:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        return value

    def place(self, *path: str) -> Place:
        """Return the line that defines `path`, or that of its nearest parent, or the first line."""
        for length in range(len(path), 0, -1):
            line = self._line(path[:length])
            if line:
                return Place.line(self.source, line)
        return Place.line(self.source, 1)

    def place_of(self, text: str, *path: str) -> Place:
        """Return the line at or below `path` that holds `text` (a list's item), else `path`'s."""
        start = self.place(*path)
        lines = self.source.text.splitlines()
        for number in range(start.start, min(len(lines), start.start + 200) + 1):
            line = lines[number - 1]
            if number > start.start and _HEADER.match(line):
                break
            if text in line:
                return Place.line(self.source, number)
        return start

    def array_item(self, array: str, **wanted: str) -> Place:
        """Return the place of the `[[array]]` table whose string keys have the `wanted` values."""
        lines = self.source.text.splitlines()
        start, found = 0, set[str]()
        for number, line in enumerate(lines, 1):
            header = _HEADER.match(line)
            if header:
                if start and found == set(wanted):
                    break
                start = number if header.group(1) == "[[" and header.group(2) == array else 0
                found = set()
            elif start:
                for key, value in wanted.items():
                    if line.startswith(key) and re.match(
                        rf'{re.escape(key)}\s*=\s*"{re.escape(value)}"', line
                    ):
                        found.add(key)
        if start and found == set(wanted):
            return Place(self.source, start + 1, start + len(wanted))
        return Place.line(self.source, 1)

    def _line(self, path: tuple[str, ...]) -> int:
        table: tuple[str, ...] = ()
        for number, line in enumerate(self.source.text.splitlines(), 1):
            header = _HEADER.match(line)
            if header:
                table = _parts(header.group(2))
                if table == path or table[: len(path)] == path:
                    return number
                continue
            key = _KEY.match(line)
            if key and (*table, *_parts(key.group(1)))[: len(path)] == path:
                return number
        return 0


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
