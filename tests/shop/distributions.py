"""What a virtual environment holds, read from inside its image, and how two of them differ."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.engine import Engine

VENV = "/app/.venv"
SCRIPT = Path(__file__).with_name("inventory.py")

# Written by uv into every environment while it works there; an image need not keep it.
_TRANSIENT = frozenset({".lock"})


@dataclass(frozen=True)
class Distribution:
    """An installed package. Digests are SHA-256; files are relative to site-packages."""

    name: str
    version: str
    metadata: str
    entry_points: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Inventory:
    """An environment: its packages, the files no package owns, and files unlike their RECORD."""

    python: str
    distributions: tuple[Distribution, ...]
    unowned: frozenset[str]
    damaged: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Inventory:
        """Read the output of `inventory.py venv`."""
        loaded = json.loads(text)
        found = [Distribution(**fields) for fields in loaded["distributions"]]
        return cls(
            loaded["python"],
            tuple(sorted(found, key=lambda each: (canonicalize_name(each.name), each.version))),
            frozenset(loaded["unowned"]) - _TRANSIENT,
            tuple(loaded["damaged"]),
        )

    @property
    def names(self) -> frozenset[str]:
        """Normalized names of the packages."""
        return frozenset(canonicalize_name(each.name) for each in self.distributions)


def of_image(engine: Engine, image: str) -> Inventory:
    """The environment that an image holds at /app/.venv."""
    return Inventory.parse(run_inside(engine, image, f"{VENV}/bin/python", "venv"))


def run_inside(engine: Engine, image: str, python: str, task: str) -> str:
    """Run the inventory script in the image, whatever its entry point and user are."""
    # As standard input: a mounted file would be one of the files that are listed.
    command = ("run", "--rm", "--interactive", "--user", "0", "--workdir", "/", "--entrypoint")
    flags = ("-I", "-B", "-")
    text = SCRIPT.read_text(encoding="utf-8")
    return engine.docker(*command, python, image, *flags, task, VENV, stdin=text).stdout


def differences(actual: Inventory, expected: Inventory) -> list[str]:
    """One line for each way in which the actual environment is not the expected one."""
    return list(_differences(actual, expected))


def _differences(actual: Inventory, expected: Inventory) -> Iterator[str]:
    if actual.python != expected.python:
        yield f"Python {actual.python} instead of {expected.python}"
    here = {(canonicalize_name(each.name), each.version): each for each in actual.distributions}
    there = {(canonicalize_name(each.name), each.version): each for each in expected.distributions}
    for name, version in sorted(there.keys() - here.keys()):
        yield f"{name} {version} is missing"
    for name, version in sorted(here.keys() - there.keys()):
        yield f"{name} {version} is installed and should not be"
    for key in sorted(here.keys() & there.keys()):
        for difference in _inside(here[key], there[key]):
            yield f"{key[0]} {key[1]}: {difference}"
    for path in sorted(expected.unowned - actual.unowned):
        yield f"{path} is missing"
    for path in sorted(actual.unowned - expected.unowned):
        yield f"{path} belongs to no package"
    yield from actual.damaged


def _inside(actual: Distribution, expected: Distribution) -> Iterator[str]:
    if actual.name != expected.name:
        yield f"calls itself {actual.name} instead of {expected.name}"
    if actual.metadata != expected.metadata:
        yield "METADATA differs"
    if actual.entry_points != expected.entry_points:
        yield f"entry points {actual.entry_points!r} instead of {expected.entry_points!r}"
    for path in sorted(expected.files.keys() - actual.files.keys()):
        yield f"does not have {path}"
    for path in sorted(actual.files.keys() - expected.files.keys()):
        yield f"has {path}"
    for path in sorted(actual.files.keys() & expected.files.keys()):
        if actual.files[path] != expected.files[path]:
            yield f"{path} has other contents"
