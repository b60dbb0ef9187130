"""Where each key of the spec may be set, and which value wins.

A key comes from (first wins): a build argument, the body of the build file, `[tool.uv-frontend]` in
the package's manifest, the same table in the workspace root's manifest, the default. Tables (`env`,
`labels`) are joined name by name; every other key is taken whole from the first place that has it.

`schema` defines the values of each key. The most usual values are recognized here, so that pydantic
is not loaded for them; a test compares both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from frontend.config.keys import ARGUMENT, TABLE, TABLES, TABLES_OF_TEXT, SpecSource
from frontend.errors import FrontendError, Location, SourceFile
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from frontend.config.schema import Spec


_INSTRUCTION = r"^(FROM|RUN|COPY|ADD|WORKDIR|ENV|CMD|ENTRYPOINT|ARG)\s+[^=\s]"


def _name(value: object) -> object:
    """Return a name that is in its normal form; None for others."""
    if isinstance(value, str) and value.isascii() and value == value.lower():
        return value if all(part.isalnum() for part in value.split("-")) else None
    return None


def _names(value: object) -> object:
    if isinstance(value, list) and all(_name(item) for item in value):
        return tuple(value)
    return None


def _packages(value: object) -> object:
    names = [value] if isinstance(value, str) else value
    normal = _names(names)
    return tuple(dict.fromkeys(names)) if normal and isinstance(names, list) else None


def _nonempty_string(value: object) -> object:
    return value if isinstance(value, str) and value else None


def _words(value: object) -> object:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _table(value: object) -> object:
    if isinstance(value, dict) and all(
        name.isidentifier() and isinstance(text, str) for name, text in value.items()
    ):
        return value
    return None


def _ports(value: object) -> object:
    if isinstance(value, list) and all(type(item) is int and 0 < item < 65536 for item in value):
        return tuple(map(str, value))
    return None


#: How plain values of some keys read; None for whatever the model has to look at.
PLAIN: Mapping[str, Callable[[object], object]] = {
    "base": _nonempty_string,
    "cmd": _words,
    "entrypoint": _words,
    "env": _table,
    "extras": _names,
    "groups": _names,
    "package": _packages,
    "ports": _ports,
}
#: Keys whose build argument is the value itself.
_AS_THEY_ARE = ("base", "package")


class _Chosen:
    """The attributes of `Spec` without loading it; None for a key that is not set."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            setattr(self, key.replace("-", "_"), value)

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@dataclass(frozen=True)
class Settings:
    """The values of all keys, merged from their sources, and where each was set."""

    values: Mapping[str, Any]
    places: Mapping[str, Location]

    @cached_property
    def spec(self) -> Spec:
        """Every key as an attribute."""
        return cast("Spec", _Chosen(self.values))

    def without(self, *keys: str, **values: Any) -> Settings:
        """Return the settings as if `keys` were not set, and as if `values` were."""
        kept = {key: value for key, value in self.values.items() if key not in keys}
        return Settings({**kept, **values}, self.places)

    def place(self, key: str) -> tuple[Location, ...]:
        """Return the line of a file that set `key`; empty for build arguments and defaults."""
        return tuple(p for p in self.origin(key) if p.source.filename != ARGUMENT)

    def origin(self, key: str) -> tuple[Location, ...]:
        """Return what set `key`: a file's line or the build argument; empty for defaults."""
        place = self.places.get(key)
        return (place,) if place else ()


def from_arguments(arguments: Mapping[str, str]) -> SpecSource:
    """Read build arguments; FrontendError for those that are no keys, or no values of theirs."""
    if all(n in _AS_THEY_ARE and PLAIN[n](text) is not None for n, text in arguments.items()):
        return SpecSource(dict(arguments), arguments=arguments)
    from frontend.config.schema import argument_values

    return SpecSource(argument_values(arguments), arguments=arguments)


def parse_build_file(source: SourceFile) -> TomlDocument:
    """Parse the build file; FrontendError where it is no TOML."""
    remedy = 'Below the syntax line stand keys of TOML, their text in quotes: package = "api".'
    if re.search(_INSTRUCTION, source.text, re.MULTILINE | re.IGNORECASE):
        remedy = (
            "This frontend needs no instructions of a Dockerfile. Remove them: the image is made "
            "from uv.lock, and keys such as `base` and `cmd` say what else it needs."
        )
    return TomlDocument.parse(source, remedy)


def from_build_file(document: TomlDocument) -> SpecSource:
    """Read the body of the build file; a manifest used as build file holds its table instead."""
    if isinstance(document.get("project"), dict) or isinstance(document.get("tool"), dict):
        return from_manifest(document)
    return SpecSource(document.data, document)


def from_manifest(document: TomlDocument) -> SpecSource:
    """Read `[tool.uv-frontend]` of a manifest; empty where there is none."""
    values = document.get(*TABLE)
    if values is not None and not isinstance(values, dict):
        raise FrontendError(
            f"{'.'.join(TABLE)} in {document.source.filename} is not a table",
            remedy=f"Write the keys below one header [{'.'.join(TABLE)}].",
            places=(document.place(*TABLE),),
        )
    return SpecSource(values or {}, document, TABLE)


def misplaced(source: SpecSource, key: str) -> tuple[Location, ...]:
    """Return the line where `key` stands below the header of another key's table, if it does.

    In TOML all that stands below `[env]` belongs to that table.
    """
    for table in TABLES_OF_TEXT:
        inside = source.values.get(table)
        if source.document and isinstance(inside, dict) and key in inside:
            place = source.place(table, key)
            return (place,) if place else ()
    return ()


def merge_sources(*sources: SpecSource) -> Settings:
    """Join `sources`, the strongest first; FrontendError for an unknown key or a wrong value."""
    values: dict[str, Any] = {}
    places: dict[str, Location] = {}
    for source in sources:
        checked = _checked(source)
        for key, value in checked.items():
            if key in values and key not in TABLES:
                continue
            values[key] = {**value, **values.get(key, {})} if key in TABLES else value
            place = source.place(key)
            if place:
                places.setdefault(key, place)
    return Settings(values, places)


def _checked(source: SpecSource) -> Mapping[str, Any]:
    values = {}
    for key, value in source.values.items():
        read = PLAIN[key](value) if key in PLAIN else None
        if read is None:
            from frontend.config.schema import checked

            return checked(source)
        values[key] = read
    return values
