"""Which layer of an image is meant, told from the titles that history and progress show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.caching.workspace import MIDDLING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SEVERAL = re.compile(r"[0-9]+ packages(?P<over> over .*)?: (?P<names>.*?)(?: \([0-9]+ [kM]B\))?")
_ALONE = re.compile(r"(?P<name>[a-z0-9-]+) [0-9][^ ]*(?: \([0-9]+ [kM]B\))?")


@dataclass(frozen=True)
class Layer:
    """One layer: a member's own one, or the one that holds a third-party package."""

    member: str = ""
    package: str = ""

    def __repr__(self) -> str:
        return f"member {self.member}" if self.member else f"layer of {self.package}"

    def titled(self, title: str) -> bool:
        """Whether a layer with that title is this one."""
        if self.member:
            return title in (f"member: {self.member}", f"source: {self.member}")
        return holds(title, self.package)


def member(name: str) -> Layer:
    """The layer of a member of the workspace."""
    return Layer(member=name)


def of(package: str) -> Layer:
    """The layer that holds a third-party package."""
    return Layer(package=package)


def holds(title: str, package: str) -> bool:
    """Whether the title is that of a layer which holds the package.

    A title names three packages, or the first and the last one of a run of sorted names.
    """
    if alone := _ALONE.fullmatch(title):
        return alone["name"] == package
    several = _SEVERAL.fullmatch(title)
    if not several:
        return False
    first, ellipsis, last = several["names"].partition(" … ")
    if ellipsis:
        # Runs of small and of middling packages overlap.
        return first <= package <= last and bool(several["over"]) == (package in MIDDLING)
    return package in several["names"].split(", ")


def differences(titles: Iterable[str], expected: Iterable[Layer]) -> list[str]:
    """One line for each expected layer without a title, and for each title not expected."""
    left, lines = list(titles), []
    for layer in expected:
        found = next((title for title in left if layer.titled(title)), None)
        if found is None:
            lines.append(f"{layer} is missing")
        else:
            left.remove(found)
    return lines + [f"{title!r} is not expected" for title in left]
