"""Patterns of `.dockerignore` and local sources, as moby/patternmatcher and fsutil match them."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Patterns:
    """A list of patterns; a later one overrides an earlier one, `!` takes back.

    A pattern that matches a directory matches everything below it.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns: list[tuple[bool, re.Pattern[str]]] = []
        for raw in patterns:
            pattern = raw.strip()
            if not pattern:
                continue
            # Cleaned with the mark still on, as the original does.
            pattern = posixpath.normpath(pattern)
            taken_back = pattern.startswith("!")
            expression = _expression(pattern[1:] if taken_back else pattern)
            self._patterns.append((taken_back, expression))

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, path: str) -> bool:
        parts = path.split("/")
        lineage = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        matched = False
        for taken_back, expression in self._patterns:
            if taken_back == matched and any(expression.match(each) for each in lineage):
                matched = not taken_back
        return matched


def _expression(pattern: str) -> re.Pattern[str]:
    pieces = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**"):
            position += 3 if rest.startswith("**/") else 2
            pieces.append(".*" if position >= len(pattern) else "(.*/)?")
            continue
        character = rest[0]
        if character == "*":
            pieces.append("[^/]*")
        elif character == "?":
            pieces.append("[^/]")
        elif character == "\\" and len(rest) > 1:
            pieces.append(re.escape(rest[1]))
            position += 1
        elif character in "[]^-":
            pieces.append(character)
        else:
            pieces.append(re.escape(character))
        position += 1
    return re.compile("".join(pieces) + r"\Z", re.DOTALL)


def followed(root: Path, paths: Sequence[str]) -> list[str]:
    """Include patterns for `paths` and for whatever their symbolic links lead to.

    Empty if one of them is the root: then nothing is filtered.
    """
    found: dict[str, None] = {}
    for path in paths:
        _follow(root, path, found)
    if "." in found:
        return []
    return sorted(found)


def _follow(root: Path, path: str, found: dict[str, None]) -> None:
    parts = [part for part in posixpath.normpath("/" + path.lstrip("/")).split("/") if part]
    current = ""
    for index, part in enumerate(parts):
        current = posixpath.join(current, part)
        rest = "/".join(parts[index + 1 :])
        targets = _targets(root, current)
        if targets:
            if current in found:
                return
            found[current] = None
            for target in targets:
                _follow(root, posixpath.join(target, rest), found)
            return
    found[current or "."] = None


def _targets(root: Path, path: str) -> list[str]:
    """Where the links that `path` names, perhaps by wildcards, lead to."""
    directory, name = posixpath.split(path)
    if re.search(r"[*?[]", name):
        here = root / directory
        names = sorted(entry.name for entry in here.iterdir()) if here.is_dir() else []
        names = [each for each in names if fnmatch.fnmatchcase(each, name)]
    else:
        names = [name]
    targets = []
    for each in names:
        link = root / directory / each
        if link.is_symlink():
            target = str(link.readlink())
            absolute = target if target.startswith("/") else posixpath.join("/", directory, target)
            targets.append(posixpath.normpath(absolute))
    return targets


def select(
    root: Path, *, include: Sequence[str], exclude: Sequence[str], follow: Sequence[str]
) -> list[str]:
    """The paths below `root` that a client would send, parents first.

    A directory comes along if it is selected itself or something below it is.
    """
    includes = Patterns([*include, *(followed(root, follow) if follow else ())])
    excludes = Patterns(exclude)
    chosen: set[str] = set()
    for directory, folders, files in os.walk(root):
        base = Path(directory).relative_to(root)
        for name in [*folders, *files]:
            path = (base / name).as_posix()
            if (not includes or includes.match(path)) and not excludes.match(path):
                chosen.add(path)
                parent = posixpath.dirname(path)
                while parent:
                    chosen.add(parent)
                    parent = posixpath.dirname(parent)
    return sorted(chosen, key=lambda path: path.split("/"))
