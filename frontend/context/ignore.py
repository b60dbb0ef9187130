"""Ignore files, as BuildKit's client reads them (moby/patternmatcher)."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse_ignore(text: str) -> tuple[str, ...]:
    """Read an ignore file as moby/patternmatcher's `ignorefile` does."""
    return tuple(pattern for _, pattern in _ignore_lines(text))


def _ignore_lines(text: str) -> list[tuple[int, str]]:
    patterns = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        negated = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        if not pattern:
            continue
        # normpath keeps two leading slashes apart, as POSIX allows; Go's path.Clean does not.
        if pattern.startswith("/"):
            pattern = "/" + pattern.lstrip("/")
        pattern = posixpath.normpath(pattern)
        if len(pattern) > 1:
            pattern = pattern.removeprefix("/")
        patterns.append((number, f"!{pattern}" if negated else pattern))
    return patterns


def ignoring_line(text: str, path: str) -> int:
    """Return the line whose pattern decides that `path` is ignored; 0 where it is not.

    BuildKit's client does the ignoring; this only finds the line for an error message. The rules
    are moby/patternmatcher's: the last match wins, and a pattern holds for what is below it.
    """
    decided = 0
    for number, pattern in _ignore_lines(text):
        negated = pattern.startswith("!")
        # An exception changes nothing where nothing is ignored.
        if (decided or not negated) and _holds(pattern.removeprefix("!"), path):
            decided = 0 if negated else number
    return decided


#: The longest path of Linux, with its end.
_PATH_MAX = 4096


class _Form(Enum):
    """How often a part of a pattern stands for a character."""

    ONCE = "once"
    ANY_NUMBER = "any number of times"
    #: Directories with their slash, or nothing (`**/`); and the same once they have begun.
    DIRECTORIES = "directories"
    IN_DIRECTORIES = "within directories"


@dataclass(frozen=True)
class _Token:
    """A part of a pattern: ranges of characters, or all others, and how often one stands there."""

    form: _Form
    ranges: tuple[tuple[str, str], ...] = ()
    others: bool = False

    def admits(self, character: str) -> bool:
        """Return whether this part may stand for `character`."""
        return any(low <= character <= high for low, high in self.ranges) != self.others


_SLASH = (("/", "/"),)
_ANYTHING = _Token(_Form.ANY_NUMBER, others=True)
_PART_OF_NAME = _Token(_Form.ANY_NUMBER, _SLASH, others=True)
_ONE_OF_NAME = _Token(_Form.ONCE, _SLASH, others=True)
_DIRECTORIES = (
    _Token(_Form.DIRECTORIES, others=True),
    _Token(_Form.IN_DIRECTORIES, others=True),
)


def _holds(pattern: str, path: str) -> bool:
    """Return whether a pattern matches `path` or a directory that it is below.

    All places of the pattern that may come next are followed at once, so that stars do not multiply
    the time. No match for a pattern that BuildKit's client refuses.
    """
    tokens = _tokens(pattern)
    if tokens is None or len(path) >= _PATH_MAX:
        return False
    places = _with_skipped(tokens, {0})
    for character in path:
        if character == "/" and len(tokens) in places:
            return True
        places = _with_skipped(tokens, _after(tokens, places, character))
        if not places:
            return False
    return len(tokens) in places


def _after(tokens: Sequence[_Token], places: set[int], character: str) -> set[int]:
    """Return the places of a pattern that may follow `character`."""
    after = set()
    for place in places:
        if place == len(tokens) or not tokens[place].admits(character):
            continue
        match tokens[place].form:
            case _Form.ONCE:
                after.add(place + 1)
            case _Form.ANY_NUMBER:
                after.add(place)
            case _Form.DIRECTORIES:
                after |= {place + 1, place + 2} if character == "/" else {place + 1}
            case _Form.IN_DIRECTORIES:
                after |= {place, place + 1} if character == "/" else {place}
    return after


def _with_skipped(tokens: Sequence[_Token], places: set[int]) -> set[int]:
    """Return `places` and those that they lead to where a part stands for nothing."""
    reached, pending = set(places), list(places)
    while pending:
        place = pending.pop()
        if place == len(tokens):
            continue
        form = tokens[place].form
        if form is _Form.ANY_NUMBER:
            following = place + 1
        elif form is _Form.DIRECTORIES:
            following = place + 2
        else:
            continue
        if following not in reached:
            reached.add(following)
            pending.append(following)
    return reached


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> tuple[_Token, ...] | None:
    """Divide a pattern into its parts; None for one that is malformed."""
    tokens: list[_Token] = []
    if pattern.startswith("**") and not set(pattern[2:]) & set("*?[]\\") and pattern[2:3] != "/":
        # The end of a path, in whatever name.
        return (_ANYTHING, *map(_literal, pattern[2:]))
    index = 0
    while index < len(pattern):
        character = pattern[index]
        index += 1
        if character == "*" and pattern.startswith("*", index):
            index += 1
            if pattern.startswith("/", index):
                index += 1
            tokens += _DIRECTORIES if index < len(pattern) else (_ANYTHING,)
        elif character == "*":
            tokens.append(_PART_OF_NAME)
        elif character == "?":
            tokens.append(_ONE_OF_NAME)
        elif character == "[":
            parsed = _class(pattern, index)
            if parsed is None:
                return None
            token, index = parsed
            tokens.append(token)
        elif character == "\\":
            if index == len(pattern):
                return None
            tokens.append(_literal(pattern[index]))
            index += 1
        else:
            tokens.append(_literal(character))
    return tuple(tokens)


def _literal(character: str) -> _Token:
    return _Token(_Form.ONCE, ((character, character),))


def _class(pattern: str, index: int) -> tuple[_Token, int] | None:
    """Read what follows a bracket, with the index behind it; None where it is malformed.

    As Go's `path.Match` has it: `^` negates, a backslash escapes, and there is at least one range.
    """
    others = pattern.startswith("^", index)
    index += others
    ranges: list[tuple[str, str]] = []
    while not (pattern.startswith("]", index) and ranges):
        low, index = _escaped(pattern, index)
        high = low
        if pattern.startswith("-", index):
            high, index = _escaped(pattern, index + 1)
        if not low or not high or low > high:
            return None
        ranges.append((low, high))
    return _Token(_Form.ONCE, tuple(ranges), others), index + 1


def _escaped(pattern: str, index: int) -> tuple[str, int]:
    """Return a character of a range, empty where there can be none, and the index behind it."""
    if pattern[index : index + 1] in ("-", "]"):
        return "", index
    index += pattern.startswith("\\", index)
    return pattern[index : index + 1], index + 1
