"""JSON documents that a publisher or a registry has written, read with their kinds checked.

Every value is checked once, where it is read. What has another kind, is too long or too deep, or
cannot be handed to a program raises UnverifiableError, which names the place in the document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.verify.errors import UnverifiableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Linux takes no single argument of a program above 128 kB.
LONGEST_TEXT = 100_000
_MOST_ITEMS = 10_000
_DEEPEST = 100


@dataclass(frozen=True)
class Table:
    """A JSON object, and the place where it stands."""

    place: str
    values: Mapping[str, Any]

    def text(self, name: str, default: str = "") -> str:
        """Return a text; the default where there is none, or null."""
        value = self.values.get(name)
        return default if value is None else _text(self._at(name), value)

    def flag(self, name: str) -> bool:
        """Return a truth value; false where there is none."""
        value = self.values.get(name)
        if not isinstance(value, bool | None):
            raise _wrong(self._at(name), "true or false", value)
        return bool(value)

    def table(self, name: str) -> Table:
        """Return an object, which is empty where there is none."""
        value = self.values.get(name)
        return Table(self._at(name), _object(self._at(name), {} if value is None else value))

    def tables(self, name: str) -> tuple[Table, ...]:
        """Return a list of objects, which is empty where there is none."""
        return tuple(Table(place, _object(place, value)) for place, value in self._items(name))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, which is empty where there is none."""
        return tuple(_text(place, value) for place, value in self._items(name))

    def pairs(self) -> dict[str, str]:
        """Return the names and values of an object that has texts alone."""
        _bounded(self.place, self.values)
        return {
            _text(f"a name in {self.place}", name): _text(f"{self.place}.{name}", value)
            for name, value in self.values.items()
        }

    def _items(self, name: str) -> Iterator[tuple[str, Any]]:
        listed = self.values.get(name)
        if listed is None:
            return
        if not isinstance(listed, list):
            raise _wrong(self._at(name), "a list", listed)
        _bounded(self._at(name), listed)
        for number, value in enumerate(listed):
            yield f"{self._at(name)}[{number}]", value

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}"


def parse(raw: bytes | str, place: str) -> Table:
    """Read a JSON document whose top is an object; null is an empty one."""
    try:
        document = json.loads(raw)
    except RecursionError:
        raise UnverifiableError(f"{place} cannot be read: it is nested too deeply") from None
    except ValueError as error:  # what is no JSON, no UTF-8, or a number of thousands of digits
        raise UnverifiableError(f"{place} cannot be read: {error}") from None
    return table({} if document is None else document, place)


def table(value: object, place: str) -> Table:
    """Return a value, which was read from JSON, as the object that it has to be."""
    _shallow(value, place)
    return Table(place, _object(place, value))


def _shallow(value: object, place: str) -> None:
    """Refuse values so deep that a comparison of two could not walk through them."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner for outer in level for inner in _within(outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise UnverifiableError(f"{place} cannot be read: it is nested too deeply")


def _within(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _object(place: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(place, "an object", value)
    return value


def _text(place: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(place, "a text", value)
    if len(value.encode(errors="surrogatepass")) > LONGEST_TEXT:
        raise UnverifiableError(f"{place} cannot be read: it is longer than {LONGEST_TEXT:,} bytes")
    # Neither can be an argument of a program.
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise UnverifiableError(
            f"{place} cannot be read: it is no text that a program can be given"
        )
    return value


def _bounded(place: str, values: Mapping[str, Any] | list[Any]) -> None:
    if len(values) > _MOST_ITEMS:
        raise UnverifiableError(f"{place} cannot be read: it has more than {_MOST_ITEMS:,} items")


def _wrong(place: str, kind: str, value: object) -> UnverifiableError:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    actual = "null" if value is None else kinds.get(type(value), "a number")
    return UnverifiableError(f"{place} cannot be read: it has to be {kind}, and is {actual}")
