"""The keys a user can set: their types, their meaning, and the errors for wrong values.

Loading pydantic takes a third of a build in which nothing changed, so `settings` imports this only
where it meets anything but the plainest values.
"""

from __future__ import annotations

import datetime
import difflib
import math
import posixpath
import re
import shlex
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tomli
from packaging.utils import canonicalize_name, is_normalized_name
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from frontend.config.keys import TABLES, TABLES_OF_TEXT
from frontend.errors import FrontendError
from frontend.toml_document import load_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.config.keys import SpecSource
    from frontend.errors import Location


def _words(value: object) -> object:
    """Split a command given as one string the way a shell splits words; no shell runs it."""
    return shlex.split(value) if isinstance(value, str) else value


def _number_as_text(value: object) -> object:
    """Return the digits of a whole number. A float is refused: 3.10 would be 3.1."""
    if isinstance(value, (float, bool)):
        raise ValueError("this must be text: write it in quotes")
    return str(value) if isinstance(value, int) else value


def _name(value: str) -> str:
    name = canonicalize_name(value)
    if not is_normalized_name(name):
        raise ValueError(f"{value!r} is not a name")
    return name


def _checks(value: object) -> object:
    """Return a list of commands, each as text or as words; text alone is one command."""
    return [value] if isinstance(value, str) else value


def _splittable(command: str | tuple[str, ...]) -> str | tuple[str, ...]:
    words = shlex.split(command) if isinstance(command, str) else command
    if not words:
        raise ValueError("a check is a command")
    return command


def _within(pattern: str) -> str:
    if pattern.startswith("/") or ".." in pattern.split("/") or not pattern.strip("/"):
        raise ValueError(f"{pattern!r} is no pattern below the folder of the installed packages")
    return pattern


def _packages(value: object) -> object:
    """Return one name, or several for an image of several packages, each once."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ValueError("a package is named by text: write it in quotes")
    if not names:
        raise ValueError("name a package")
    return tuple(dict.fromkeys(_name(name) for name in names))


def _files(value: object) -> object:
    """Return a table of destinations; in a list, each path keeps its own (empty text)."""
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


def _beneath(path: str) -> str:
    """Refuse a place that leads out of the folder where it begins: a layer holds nothing else."""
    if ".." in path.split("/"):
        raise ValueError(f"{path!r} must not have '..' in it")
    if "\x00" in path:
        raise ValueError("a path has no NUL in it")
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
    size = float(match.group(1)) * factor
    if math.isinf(size):
        raise ValueError("a size has fewer digits")
    return int(size)


def _date(value: object) -> object:
    """Return a date of TOML as text, as if it were in quotes."""
    return value.isoformat() if isinstance(value, datetime.date) else value


Bytes = Annotated[int, BeforeValidator(_bytes), Field(ge=0)]
Text = Annotated[str, BeforeValidator(_number_as_text)]
Name = Annotated[str, AfterValidator(_name)]
DebianPackage = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?([=/][A-Za-z0-9.+:~*-]+)?$")
]
AlpinePackage = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w+.:-]*(@\w+)?([=<>~]+[\w.~-]+)?$")]
Command = Annotated[tuple[str, ...], BeforeValidator(_words)]
Variable = Annotated[str, Field(pattern="^[^=\\x00]+$")]
Path = Annotated[str, AfterValidator(_inside)]
Place = Annotated[str, AfterValidator(_beneath)]
Folder = Annotated[Path, AfterValidator(lambda p: posixpath.normpath(p.strip("/") or "."))]
Port = Annotated[
    str,
    BeforeValidator(_number_as_text),
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
    managed_python: bool | None = Field(
        None, description="true installs a Python of uv's, false takes none but the base's"
    )
    python_mirror: str | None = Field(
        None, min_length=1, description="where a Python of uv's is downloaded from"
    )
    venv: Place | None = Field(
        None,
        pattern=r"^/[^\s:]*$",
        description="prefix of the base's own Python, to install into it and no environment",
    )
    base: str | None = Field(None, min_length=1, description="image the result stands on")
    builder: str | None = Field(None, min_length=1, description="image packages are installed in")
    uv: str | None = Field(None, min_length=1, description="image that uv is taken from")
    extras: tuple[Name, ...] | None = Field(None, description="extras of the package")
    groups: tuple[Name, ...] | None = Field(None, description="dependency groups to install")
    default_groups: bool | None = Field(
        None, description="true installs uv's default groups as well, all but dev"
    )
    apt: tuple[DebianPackage, ...] | None = Field(
        None, description="packages of Debian or Ubuntu for the image"
    )
    build_apt: tuple[DebianPackage, ...] | None = Field(
        None, description="packages of Debian or Ubuntu for the builder"
    )
    apt_snapshot: Annotated[str, BeforeValidator(_date)] | None = Field(
        None,
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[0-9]{8}T[0-9]{6}Z$",
        description="day from which `apt` and `build-apt` take packages, as 2026-11-01",
    )
    apt_mirror: str | None = Field(
        None, pattern=r"^https?://[^\s@]+$", description="where `apt` and `build-apt` download from"
    )
    apk: tuple[AlpinePackage, ...] | None = Field(
        None, description="packages of Alpine for the image"
    )
    build_apk: tuple[AlpinePackage, ...] | None = Field(
        None, description="packages of Alpine for the builder"
    )
    entrypoint: Command | None = Field(None, description="command the container runs")
    cmd: Command | None = Field(None, description="arguments, or the command without entrypoint")
    test: Command | None = Field(
        None, min_length=1, description="command that the target test runs"
    )
    env: dict[Variable, Text] | None = Field(
        None, description="environment of the container: name = text, no name with an ="
    )
    workdir: Place | None = Field(
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
    files: Annotated[dict[Path, Place], BeforeValidator(_files)] | None = Field(
        None, description="more files from the context: a list of paths, or a table of path = place"
    )
    provided: tuple[str, ...] | None = Field(
        None, description="packages that the base has, and that are not installed again"
    )
    version: Text | None = Field(
        None, min_length=1, description="version of members that take theirs from git"
    )
    include: tuple[Path, ...] | None = Field(
        None, description="files outside of a member that its build reads, seen from the workspace"
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
    trim: tuple[Annotated[str, Field(pattern="^[^\n]+$"), AfterValidator(_within)], ...] | None = (
        Field(None, description="patterns of files to take out of the installed packages")
    )
    bytecode: bool | None = Field(None, description="false leaves bytecode out of the image")
    compile_stdlib: bool | None = Field(
        None, description="true adds bytecode of the standard library where the base has none"
    )
    checks: (
        Annotated[
            tuple[Annotated[str | tuple[str, ...], AfterValidator(_splittable)], ...],
            BeforeValidator(_checks),
        ]
        | None
    ) = Field(None, description="commands that have to succeed in the finished image")
    lock: Literal["strict", "warn", "off"] | None = Field(
        None, description="what a lock that no longer fits the manifests leads to"
    )
    hermetic: bool | None = Field(
        None, description="true builds without network, from files that the lock names"
    )
    build_group: Name | None = Field(
        None, description="dependency group with what hermetic builds build with"
    )
    plan_labels: bool | None = Field(
        None, description="false leaves what the image is made from out of its labels"
    )
    merge: bool | None = Field(
        None, description="false copies the layers one on the other, as old engines need it"
    )


#: What is wrong where a key stands in another one's table.
ABOVE_TABLES = "If the key `{key}` is meant: keys stand above the first header in brackets."
_FIELDS = {name.replace("_", "-"): name for name in Spec.model_fields}
KEYS = tuple(_FIELDS)
_LISTS = (
    *("package", "apt", "build-apt", "apk", "build-apk", "extras", "groups", "ports", "files"),
    *("include", "provided", "heavy", "trim"),
)
_COMMANDS = ("entrypoint", "cmd", "test", "checks")
_FLAGS = (
    *("managed-python", "bytecode", "compile-stdlib", "default-groups"),
    *("hermetic", "plan-labels", "merge"),
)


def argument_values(arguments: Mapping[str, str]) -> dict[str, Any]:
    """Read build arguments: lists as `a,b` or as a TOML array, tables as `env.NAME=value`."""
    values: dict[str, Any] = {}
    for name, text in arguments.items():
        key, _, item = name.partition(".")
        if key in TABLES and item:
            values.setdefault(key, {})[item] = text
        elif key not in KEYS or item:
            raise _unknown(f"build argument {name!r}", name)
        elif key in TABLES:
            raise FrontendError(
                f"build argument {name!r} needs a name: --build-arg {key}.NAME=value"
            )
        else:
            values[key] = _argument_value(key, text)
    return values


def _argument_value(key: str, text: str) -> Any:
    if key in (*_LISTS, *_COMMANDS) and text.lstrip().startswith("["):
        try:
            return load_toml(f"value = {text}")["value"]
        except tomli.TOMLDecodeError:
            raise FrontendError(f"build argument {key!r} is not a list: {text}") from None
    if key in _FLAGS:
        return {"true": True, "false": False}.get(text.lower(), text)
    if key in _LISTS:
        return [item.strip() for item in text.split(",") if item.strip()]
    return text


def checked(source: SpecSource) -> dict[str, Any]:
    """Return the values of `source` in their final form; FrontendError for what is no such."""
    for key in source.values:
        if key not in KEYS:
            place = source.place(key)
            file = f" in {place.source.filename}" if place else ""
            raise _unknown(f"key {key!r}{file}", key, place)
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
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        reason = f"{first['input']!r} does not have the form below"
    for python, toml in (("tuple", "list"), ("dictionary", "table")):
        reason = reason.replace(f"a valid {python}", f"a {toml}")
    remedy = f"{key}: {Spec.model_fields[_FIELDS[str(key)]].description}."
    if key in TABLES_OF_TEXT and steps[:1] and steps[0] in KEYS and source.document:
        remedy += f" {ABOVE_TABLES.format(key=steps[0])}"
    return FrontendError(
        f"{'key' if source.document else 'build argument'} {key}{at} is not valid: "
        f"{reason[:1].lower()}{reason[1:]}",
        remedy=remedy,
        places=(place,) if place else (),
    )


def _unknown(what: str, name: str, place: Location | None = None) -> FrontendError:
    nearest = difflib.get_close_matches(name.lower().replace("_", "-"), KEYS, n=1)
    return FrontendError(
        f"unknown {what}",
        remedy=f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(KEYS)}.",
        places=(place,) if place else (),
    )
