"""The keys a user can set, where each may stand, and what wins.

A key comes from (first wins): a build argument, the body of the build file, `[tool.uv-frontend]` in
the package's manifest, the same table in the workspace root's manifest, the default. Tables (`env`,
`labels`) are joined name by name; every other key is taken whole from the first place that has it.
"""

from __future__ import annotations

import difflib
import posixpath
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tomli
from packaging.utils import canonicalize_name, is_normalized_name
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from frontend.errors import FrontendError, Place, SourceText
from frontend.toml_document import TomlDocument

if TYPE_CHECKING:
    from collections.abc import Mapping


#: The table of a manifest that holds the same keys as the build file.
TABLE = ("tool", "uv-frontend")


def _words(value: object) -> object:
    """Split a command given as one string the way a shell splits words; no shell runs it."""
    return shlex.split(value) if isinstance(value, str) else value


def _text(value: object) -> object:
    """Take a whole number for its digits. 3.10 as a number is 3.1, so that has to be quoted."""
    if isinstance(value, (float, bool)):
        raise ValueError("this must be text: write it in quotes")
    return str(value) if isinstance(value, int) else value


def _name(value: str) -> str:
    name = canonicalize_name(value)
    if not is_normalized_name(name):
        raise ValueError(f"{value!r} is not a name")
    return name


def _packages(value: object) -> object:
    """One name, or several for an image of several packages; each once."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ValueError("a package is named by text: write it in quotes")
    if not names:
        raise ValueError("name a package")
    return tuple(dict.fromkeys(_name(name) for name in names))


def _files(value: object) -> object:
    """A list of paths keeps each path's place below the working directory; a table says where."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return dict.fromkeys(value, "")
    return value


def _sets(value: object) -> object:
    if isinstance(value, list):
        return [[item] if isinstance(item, str) else item for item in value]
    return value


def _inside(path: str) -> str:
    """Refuse a path that leads out of the build context, which holds nothing else."""
    if ".." in path.split("/"):
        raise ValueError(f"{path!r} leads out of the build context")
    return path


def _possible_port(port: str) -> str:
    first, _, last = port.partition("/")[0].partition("-")
    if not 0 < int(first) <= int(last or first) <= 65535:
        raise ValueError("ports go from 1 to 65535, ranges upwards")
    return port


def _bytes(value: object) -> object:
    """Read a size: `20MB`, `1.5 GB`, a number of bytes; powers of ten."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([0-9]+(?:[.][0-9]+)?)\s*([kMG]?)B?", value.strip(), re.IGNORECASE)
    if not match:
        raise ValueError("a size is a number with kB, MB or GB")
    factor = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}[match.group(2).lower()]
    return int(float(match.group(1)) * factor)


Bytes = Annotated[int, BeforeValidator(_bytes), Field(ge=0)]
Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
Command = Annotated[tuple[str, ...], BeforeValidator(_words)]
Variable = Annotated[str, Field(pattern="^[^=\\x00]+$")]
Path = Annotated[str, AfterValidator(_inside)]
Folder = Annotated[Path, AfterValidator(lambda p: posixpath.normpath(p.strip("/") or "."))]
Port = Annotated[
    str,
    BeforeValidator(_text),
    Field(pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?(/(tcp|udp|sctp))?$"),
    AfterValidator(_possible_port),
]


class Spec(BaseModel):
    """All keys; None where a key is not set."""

    # A key of two words has a hyphen where it is written down, as those of pyproject.toml have.
    model_config = ConfigDict(
        alias_generator=lambda name: name.replace("_", "-"),
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    package: Annotated[tuple[str, ...], BeforeValidator(_packages)] | None = Field(
        None, description="the package to build an image of, or several in one image"
    )
    workspace: Folder | None = Field(None, description="folder of the workspace in the context")
    python: Text | None = Field(
        None,
        pattern=r"^3(\.[0-9]+){1,2}$",
        description='Python version in quotes, "3.13" or "3.13.5"',
    )
    base: str | None = Field(None, min_length=1, description="image the result stands on")
    builder: str | None = Field(None, min_length=1, description="image packages are installed in")
    extras: tuple[Name, ...] | None = Field(None, description="extras of the package")
    groups: tuple[Name, ...] | None = Field(None, description="dependency groups to install")
    default_groups: bool | None = Field(
        None, description="true installs uv's default groups as well, all but dev"
    )
    entrypoint: Command | None = Field(None, description="command the container runs")
    cmd: Command | None = Field(None, description="arguments, or the command without entrypoint")
    env: dict[Variable, Text] | None = Field(
        None, description="environment of the container: name = text, no name with an ="
    )
    workdir: str | None = Field(
        None, pattern="^/", description="working directory, an absolute path"
    )
    user: Text | None = Field(None, min_length=1, description="user the container runs as")
    owner: Text | None = Field(
        None, min_length=1, description="user, or user and group, that what is added belongs to"
    )
    ports: tuple[Port, ...] | None = Field(
        None, description="ports the service listens on, such as 8080, 53/udp or 8000-8010"
    )
    labels: dict[str, Text] | None = Field(None, description="labels of the image")
    files: Annotated[dict[Path, str], BeforeValidator(_files)] | None = Field(
        None, description="more files from the context: a list of paths, or a table of path = place"
    )
    heavy: Annotated[tuple[tuple[str, ...], ...], BeforeValidator(_sets)] | None = Field(
        None, description="packages, or sets of packages, with a layer of their own"
    )
    big: Bytes | None = Field(
        None, description="size of a package's file from which on it has a layer of its own: 20MB"
    )
    layers: Annotated[int, Field(ge=5, le=120)] | None = Field(
        None, description="the most layers that are added to the base"
    )
    lock: Literal["strict", "warn", "off"] | None = Field(
        None, description="what a lock that no longer fits the manifests leads to"
    )
    merge: bool | None = Field(
        None, description="false copies the layers one on the other, as old engines need it"
    )


#: What is wrong where a key stands in another one's table.
ABOVE_TABLES = "If the key `{key}` is meant: keys stand above the first header in brackets."
#: What an excerpt of a build argument is titled.
ARGUMENT = "build argument"
_FIELDS = {name.replace("_", "-"): name for name in Spec.model_fields}
KEYS = tuple(_FIELDS)
_TABLES = ("env", "labels")
_TABLES_OF_TEXT = (*_TABLES, "files")
_LISTS = ("package", "extras", "groups", "ports", "files", "heavy")
_COMMANDS = ("entrypoint", "cmd")
_FLAGS = ("default-groups", "merge")
_INSTRUCTION = re.compile(
    r"^(FROM|RUN|COPY|ADD|WORKDIR|ENV|CMD|ENTRYPOINT|ARG)\s+[^=\s]", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True)
class Settings:
    """The spec after every source of it has been read, and where each key was set."""

    spec: Spec
    places: Mapping[str, Place]

    def place(self, key: str) -> tuple[Place, ...]:
        """Return the line of a file that set `key`; empty for build arguments and defaults."""
        return tuple(p for p in self.origin(key) if p.source.filename != ARGUMENT)

    def origin(self, key: str) -> tuple[Place, ...]:
        """Return what set `key`: a file's line or the build argument; empty for defaults."""
        found = self.places.get(key)
        return (found,) if found else ()


@dataclass(frozen=True)
class SpecSource:
    """Keys from one place: a document's table, or build arguments as the user gave them."""

    values: Mapping[str, Any]
    document: TomlDocument | None = None
    table: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)

    def place(self, *key: str) -> Place | None:
        """Return the line that sets `key`; `env`, `A` is the one of that variable."""
        if self.document:
            return self.document.place(*self.table, *key)
        for name in (".".join(key), key[0]):
            if name in self.arguments:
                source = SourceText(ARGUMENT, f"{name}={self.arguments[name]}", "")
                return Place.line(source, 1)
        return None


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
    return SpecSource(values, arguments=arguments)


def _argument_value(key: str, text: str) -> Any:
    if key in (*_LISTS, *_COMMANDS) and text.lstrip().startswith("["):
        try:
            return tomli.loads(f"value = {text}")["value"]
        except tomli.TOMLDecodeError:
            raise FrontendError(f"build argument {key!r} is not a list: {text}") from None
    if key in _FLAGS:
        return {"true": True, "false": False}.get(text.lower(), text)
    if key in _LISTS:
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def parse_build_file(source: SourceText) -> TomlDocument:
    """Parse the build file; FrontendError where it is no TOML."""
    remedy = 'Below the syntax line stand keys of TOML, their text in quotes: package = "api".'
    if _INSTRUCTION.search(source.text):
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


def misplaced(source: SpecSource, key: str) -> tuple[Place, ...]:
    """Return the line where `key` stands below the header of another key's table, if it does.

    In TOML all that stands below `[env]` belongs to that table.
    """
    for table in _TABLES_OF_TEXT:
        inside = source.values.get(table)
        if source.document and isinstance(inside, dict) and key in inside:
            found = source.place(table, key)
            return (found,) if found else ()
    return ()


def settle(*sources: SpecSource) -> Settings:
    """Join `sources`, the strongest first; FrontendError for an unknown key or a wrong value."""
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for source in sources:
        checked = _checked(source)
        for key, value in checked.items():
            if key in values and key not in _TABLES:
                continue
            values[key] = {**value, **values.get(key, {})} if key in _TABLES else value
            place = source.place(key)
            if place:
                places.setdefault(key, place)
    return Settings(Spec.model_construct(**{_FIELDS[k]: v for k, v in values.items()}), places)


def _checked(source: SpecSource) -> dict[str, Any]:
    for key in source.values:
        if key not in KEYS:
            place = source.place(key)
            where = f" in {place.source.filename}" if place else ""
            raise _unknown(f"key {key!r}{where}", key, place)
    try:
        spec = Spec.model_validate(dict(source.values))
    except ValidationError as error:
        raise _invalid(source, error) from None
    return {key: value for key in KEYS if (value := getattr(spec, _FIELDS[key])) is not None}


def _invalid(source: SpecSource, error: ValidationError) -> FrontendError:
    first = error.errors()[0]
    key, *steps = first["loc"]
    # pydantic marks what is wrong with a name in a table, as opposed to its value.
    steps = [step for step in steps if step != "[key]"]
    at = "".join(f".{s}" if isinstance(s, str) and s.isidentifier() else f"[{s!r}]" for s in steps)
    place = source.place(str(key), *(step for step in steps if isinstance(step, str)))
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        said = f"{first['input']!r} does not have the form below"
    for python, toml in (("tuple", "list"), ("dictionary", "table")):
        said = said.replace(f"a valid {python}", f"a {toml}")
    remedy = f"{key}: {Spec.model_fields[_FIELDS[str(key)]].description}."
    if key in _TABLES_OF_TEXT and steps[:1] and steps[0] in KEYS and source.document:
        remedy += f" {ABOVE_TABLES.format(key=steps[0])}"
    return FrontendError(
        f"{'key' if source.document else 'build argument'} {key}{at} is not valid: "
        f"{said[:1].lower()}{said[1:]}",
        remedy=remedy,
        places=(place,) if place else (),
    )


def _unknown(what: str, name: str, place: Place | None = None) -> FrontendError:
    nearest = difflib.get_close_matches(name.lower().replace("_", "-"), KEYS, n=1)
    return FrontendError(
        f"unknown {what}",
        remedy=f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(KEYS)}.",
        places=(place,) if place else (),
    )
