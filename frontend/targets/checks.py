"""The checks that a target lets run before the image is returned."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from frontend.errors import Location

if TYPE_CHECKING:
    from frontend.config.settings import Settings


@dataclass(frozen=True)
class Check:
    """One command, as the user wrote it and as words, and where that stands."""

    text: str
    words: tuple[str, ...]
    places: tuple[Location, ...] = ()


def of(settings: Settings) -> tuple[Check, ...]:
    """The checks of a build, in the user's order."""
    found = []
    for item in settings.spec.checks or ():
        words = tuple(shlex.split(item)) if isinstance(item, str) else item
        text = item if isinstance(item, str) else shlex.join(item)
        places = tuple(_line(place, item) for place in settings.origin("checks"))
        found.append(Check(text, words, places))
    return tuple(found)


def _line(place: Location, item: str | tuple[str, ...]) -> Location:
    """The line of a list that holds the item; the list's first line where it is not seen."""
    wanted = item if isinstance(item, str) else item[0]
    for number, line in enumerate(place.source.text.split("\n"), 1):
        # What TOML writes with a backslash is not looked for.
        if number >= place.start and wanted in line:
            return Location.line(place.source, number)
    return place
