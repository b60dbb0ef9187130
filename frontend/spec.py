"""The keys a user can set, where each may stand, and what wins.

A key comes from (first wins): a build argument, the body of the build file, `[tool.uv-frontend]` in
the package's manifest, the same table in the workspace root's manifest, the default. Tables (`env`,
`labels`) are joined name by name; every other key is taken whole from the first place that has it.
"""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tomli
from packaging.utils import canonicalize_name
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from frontend.errors import FrontendError, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.toml_document import TomlDocument

#: The table of a manifest that holds the same keys as the build file.
TABLE = ("tool", "uv-frontend")


def _words(value: object) -> object:
    """Split a command given as one string the way a shell splits words; no shell runs it."""
    return shlex.split(value) if isinstance(value, str) else value


def _text(value: object) -> object:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _files(value: object) -> object:
    """A list of paths keeps each path's place below the working directory; a table says where."""
    if isinstance(value, list):
        return {item: "" if isinstance(item, str) else item for item in value}
    return value


def _sets(value: object) -> object:
    if isinstance(value, list):
        return [[item] if isinstance(item, str) else item for item in value]
    return value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(lambda v: canonicalize_name(v) if isinstance(v, str) else v)]
Command = Annotated[tuple[str, ...], BeforeValidator(_words)]
Port = Annotated[
    str, BeforeValidator(_text), Field(pattern=r"^\d{1,5}(-\d{1,5})?(/(tcp|udp|sctp))?$")
]


class Spec(BaseModel):
    """All keys; None where a key is not set."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    package: Name | None = Field(None, description="the package to build an image of")
    workspace: str | None = Field(None, description="folder of the workspace in the context")
    python: Text | None = Field(
        None, pattern=r"^3(\.\d+){1,2}$", description="Python version, 3.13 or 3.13.5"
    )
    base: str | None = Field(None, min_length=1, description="image the result stands on")
    builder: str | None = Field(None, min_length=1, description="image packages are installed in")
    extras: tuple[Name, ...] | None = Field(None, description="extras of the package")
    groups: tuple[Name, ...] | None = Field(None, description="dependency groups to install")
    entrypoint: Command | None = Field(None, description="command the container runs")
    cmd: Command | None = Field(None, description="arguments, or the command without entrypoint")
    env: dict[str, Text] | None = Field(None, description="environment of the container")
    workdir: str | None = Field(None, pattern="^/", description="working directory")
    user: Text | None = Field(None, min_length=1, description="user the container runs as")
    ports: tuple[Port, ...] | None = Field(None, description="ports the service listens on")
    labels: dict[str, Text] | None = Field(None, description="labels of the image")
    files: Annotated[dict[str, str], BeforeValidator(_files)] | None = Field(
        None, description="more files from the context"
    )
    heavy: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_sets)] | None = Field(
        None, description="packages, or sets of packages, with a layer of their own"
    )


KEYS = tuple(Spec.model_fields)
_TABLES = ("env", "labels")
_LISTS = ("extras", "groups", "ports", "files", "heavy")
_COMMANDS = ("entrypoint", "cmd")


@dataclass(frozen=True)
class Settings:
    """The spec after every source of it has been read, and where each key was set."""

    spec: Spec
    places: Mapping[str, Place]

    def place(self, key: str) -> tuple[Place, ...]:
        """Return where `key` was set; empty for build arguments and defaults."""
        found = self.places.get(key)
        return (found,) if found else ()


@dataclass(frozen=True)
class SpecSource:
    """Keys from one place; `document` is None for build arguments."""

    values: Mapping[str, Any]
    document: TomlDocument | None = None
    table: tuple[str, ...] = ()

    def place(self, key: str) -> Place | None:
        """Return the line that sets `key`."""
        return self.document.place(*self.table, key) if self.document else None


def from_arguments(arguments: Mapping[str, str]) -> SpecSource:
    """Read build arguments: lists as `a,b` or as a TOML array, tables as `env.NAME=value`."""
    values: dict[str, Any] = {}
    for name, text in arguments.items():
        key, _, item = name.partition(".")
        if key in _TABLES and item:
            values.setdefault(key, {})[item] = text
        elif key not in KEYS or item:
            raise _unknown(f"build argument {name!r}", name)
        elif key in _TABLES:
            raise FrontendError(
                f"build argument {name!r} needs a name: --build-arg {key}.NAME=value"
            )
        else:
            values[key] = _argument_value(key, text)
    return SpecSource(values)


def _argument_value(key: str, text: str) -> Any:
    if key in (*_LISTS, *_COMMANDS) and text.lstrip().startswith("["):
        try:
            return tomli.loads(f"value = {text}")["value"]
        except tomli.TOMLDecodeError:
            raise FrontendError(f"build argument {key!r} is not a list: {text}") from None
    if key in _LISTS:
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def from_build_file(document: TomlDocument) -> SpecSource:
    """Read the body of the build file; a manifest used as build file holds its table instead."""
    if "project" in document.data or "tool" in document.data:
        return from_manifest(document)
    return SpecSource(document.data, document)


def from_manifest(document: TomlDocument) -> SpecSource:
    """Read `[tool.uv-frontend]` of a manifest; empty where there is none."""
    return SpecSource(document.get(*TABLE) or {}, document, TABLE)


def settle(*sources: SpecSource) -> Settings:
    """Join `sources`, the strongest first; FrontendError for an unknown key or a wrong value."""
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for source in sources:
        checked = _checked(source)
        for key, value in checked.items():
            if key in _TABLES and key in values:
                values[key] = {**value, **values[key]}
            elif key not in values:
                values[key] = value
                place = source.place(key)
                if place:
                    places[key] = place
    return Settings(Spec.model_construct(**values), places)


def _checked(source: SpecSource) -> dict[str, Any]:
    for key in source.values:
        if key not in KEYS:
            place = source.place(key)
            where = f" in {place.source.filename}" if place else ""
            raise _unknown(f"key {key!r}{where}", key, place)
    try:
        spec = Spec.model_validate(dict(source.values))
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        place = source.place(key)
        given = "key" if source.document else "build argument"
        at = "".join(f"[{step}]" for step in first["loc"][1:] if isinstance(step, int))
        raise FrontendError(
            f"{given} {key}{at} is not valid: {first['msg'].lower()}",
            remedy=f"{key}: {Spec.model_fields[key].description}.",
            places=(place,) if place else (),
        ) from None
    return {key: value for key in KEYS if (value := getattr(spec, key)) is not None}


def _unknown(what: str, name: str, place: Place | None = None) -> FrontendError:
    nearest = difflib.get_close_matches(name.lower().replace("-", "_"), KEYS, n=1, cutoff=0.5)
    return FrontendError(
        f"unknown {what}",
        remedy=f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(KEYS)}.",
        places=(place,) if place else (),
    )
