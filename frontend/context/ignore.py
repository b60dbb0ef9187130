"""Ignore files, as BuildKit's client reads them (moby/patternmatcher)."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache


def parse_ignore(text: str) -> tuple[str, ...]:
    """Read an ignore file as moby/patternmatcher's `ignorefile` does."""
    return tuple(pattern for _, pattern in _ignore_lines(text))


def _ignore_lines(text: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        negated = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        if not pattern:
            continue
        # normpath keeps two leading slashes apart, as POSIX allows; Go's path.Clean does not.
        pattern = posixpath.normpath(re.sub("^/+", "/", pattern))
        if len(pattern) > 1:
            pattern = pattern.removeprefix("/")
        found.append((number, f"!{pattern}" if negated else pattern))
    return found


def ignoring_line(text: str, path: str) -> int:
    """Return the line whose pattern decides that `path` is ignored; 0 where it is not.

    BuildKit's client does the ignoring; this only finds the line for an error message. The rules
    are moby/patternmatcher's: the last match wins, and a pattern holds for what is below it.
    """
    decided = 0
    parts = path.split("/")
    ways = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for number, pattern in _ignore_lines(text):
        expression = _expression(pattern.removeprefix("!"))
        if any(expression.fullmatch(way) for way in ways):
            decided = 0 if pattern.startswith("!") else number
    return decided


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    out, index = "", 0
    while index < len(pattern):
        char = pattern[index]
        if pattern.startswith("**", index):
            index += 2
            if pattern.startswith("/", index):
                index += 1
                out += "(?:.*/)?"
            else:
                out += ".*"
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[" and "]" in pattern[index:]:
            end = pattern.index("]", index)
            out += pattern[index : end + 1]
            index = end
        elif char == "\\" and index + 1 < len(pattern):
            index += 1
            out += re.escape(pattern[index])
        else:
            out += re.escape(char)
        index += 1
    try:
        return re.compile(out)
    except re.error:
        # A set such as [z-a]: the client refuses it, so nothing is ignored by it.
        return re.compile(r"(?!)")
