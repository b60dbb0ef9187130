"""Kinds of values that files of TOML hold, checked once where a file is parsed.

What is checked here can be used without a further look: a wrong kind is a FrontendError with the
file and the line. Keys that no kind is given for are not looked at, since releases of uv add keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from frontend.errors import FrontendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.toml_document import TomlDocument


Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mismatch:
    """A value that is not of its kind: where it is, and what it must be."""

    path: Path
    wanted: str

    def below(self, step: str | int) -> Mismatch:
        """Return the mismatch as seen from the table or list that holds the value."""
        return Mismatch((step, *self.path), self.wanted)


class Kind(Protocol):
    """A set of values."""

    @property
    def title(self) -> str:
        """What a value must be, for messages."""

    def mismatch(self, value: Any) -> Mismatch | None:
        """Return the first value that is not of its kind, if there is one."""


@dataclass(frozen=True)
class Scalar:
    """A value of one of several types. `bool` is no `int` here."""

    title: str
    types: tuple[type, ...]

    def mismatch(self, value: Any) -> Mismatch | None:
        """See Kind."""
        return None if type(value) in self.types else Mismatch((), self.title)


@dataclass(frozen=True)
class ListOf:
    """A list with items of one kind."""

    item: Kind
    title: str = "a list"

    def mismatch(self, value: Any) -> Mismatch | None:
        """See Kind."""
        if not isinstance(value, list):
            return Mismatch((), self.title)
        for position, item in enumerate(value):
            if wrong := self.item.mismatch(item):
                return wrong.below(position)
        return None


@dataclass(frozen=True)
class TableOf:
    """A table with values of one kind under names that are free."""

    value: Kind
    title: str = "a table"

    def mismatch(self, value: Any) -> Mismatch | None:
        """See Kind."""
        if not isinstance(value, dict):
            return Mismatch((), self.title)
        for name, item in value.items():
            if wrong := self.value.mismatch(item):
                return wrong.below(name)
        return None


@dataclass(frozen=True)
class Table:
    """A table with keys that have a kind each; those of `required` must be there."""

    fields: Mapping[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    title: str = "a table"

    def mismatch(self, value: Any) -> Mismatch | None:
        """See Kind."""
        if not isinstance(value, dict):
            return Mismatch((), self.title)
        for name in self.required:
            if name not in value:
                return Mismatch((), f"a table with the key {name}")
        for name, kind in self.fields.items():
            if name in value and (wrong := kind.mismatch(value[name])):
                return wrong.below(name)
        return None


@dataclass(frozen=True)
class Either:
    """A value of one of two kinds; a list or a table is judged by the kind that has such."""

    one: Kind
    other: Kind

    @property
    def title(self) -> str:
        """Both kinds."""
        return f"{self.one.title} or {self.other.title}"

    def mismatch(self, value: Any) -> Mismatch | None:
        """See Kind."""
        first, second = self.one.mismatch(value), self.other.mismatch(value)
        if first is None or second is None:
            return None
        # What lies deeper is the more exact answer.
        deeper = max(first, second, key=lambda wrong: len(wrong.path))
        return deeper if deeper.path else Mismatch((), self.title)


TEXT = Scalar("text", (str,))
TEXTS = ListOf(TEXT)
INTEGER = Scalar("a whole number", (int,))
FLAG = Scalar("true or false", (bool,))


def check_kind(document: TomlDocument, kind: Kind, *path: str, remedy: str) -> None:
    """Refuse a value at `path` that is not of its kind; FrontendError at its line.

    A value that is missing is no mismatch.
    """
    value: Any = document.data
    for length, step in enumerate(path):
        if not isinstance(value, dict):
            raise wrong_kind(document, path[:length], "a table", remedy)
        if step not in value:
            return
        value = value[step]
    if wrong := kind.mismatch(value):
        raise wrong_kind(document, (*path, *wrong.path), wrong.wanted, remedy)


def wrong_kind(document: TomlDocument, path: Path, wanted: str, remedy: str) -> FrontendError:
    """Return the error for a value that is not what is wanted."""
    return FrontendError(
        f"{path_text(path)} in {document.source.filename} must be {wanted}",
        remedy=remedy,
        places=(document.place_at(*path),),
    )


def path_text(path: Path) -> str:
    """Write a path for a message, positions of lists counted from 0: `package[3].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
