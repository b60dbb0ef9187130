"""The workspaces that are built, and the changes that are made to them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from examples import lock
from tests.shop.reference import checkout, files

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = Path(__file__).resolve().parent

#: Small packages without dependencies that no service of the shop has. Each is added only once, so
#: that no earlier build knows it.
SMALL = (
    *("humanize", "tabulate", "toolz", "sortedcontainers", "xmltodict", "inflection"),
    *("natsort", "parse", "webcolors", "bidict", "pathvalidate", "funcy"),
)


@dataclass(frozen=True)
class Subject:
    """A workspace to build, and which of its files are edited (paths are relative to it)."""

    name: str
    source: Path
    package: str  # the service that is built
    manifest: str  # its pyproject.toml
    edited: str  # a module of it
    unrelated: str = ""  # a module of a member that it does not use
    second: str = ""  # another service


SHOP = Subject(
    "shop",
    _HERE.parents[1] / "examples" / "shop",
    "api",
    "services/api/pyproject.toml",
    "services/api/src/api/routes.py",
    "services/data/src/data/forecast.py",
    "worker",
)
HEAVY = Subject(
    "heavy",
    _HERE / "heavy",
    "model",
    "services/model/pyproject.toml",
    "services/model/src/model/__init__.py",
)


@dataclass(frozen=True)
class Workspace:
    """A locked workspace as it was checked out, and its state after each dependency is added."""

    subject: Subject
    folder: Path
    with_dependency: Mapping[str, Mapping[str, str]]  # by package; then contents by path

    @classmethod
    def prepare(cls, subject: Subject, folder: Path, dependencies: int) -> Workspace:
        """Lock the subject, and once more for each of so many dependencies, in `folder`.

        LockError if uv cannot lock; ValueError if more dependencies are wanted than are known.
        """
        if dependencies > len(SMALL):
            raise ValueError(f"only {len(SMALL)} dependencies are known, not {dependencies}")
        pristine = checkout(subject.source, folder / "pristine")
        lock.lock(pristine)
        changed = {}
        for name in SMALL[:dependencies]:
            trial = checkout(pristine, folder / f"with-{name}")
            manifest = trial / subject.manifest
            manifest.write_text(add_dependency(manifest.read_text(), name))
            relock(trial)
            changed[name] = {
                path: (trial / path).read_text() for path in (subject.manifest, "uv.lock")
            }
            shutil.rmtree(trial)
        return cls(subject, pristine, changed)

    def copy_to(self, copy: Path) -> None:
        """Make a copy to be changed."""
        shutil.copytree(self.folder, copy)

    def restore(self, copy: Path) -> None:
        """Give every file of a copy its first contents again."""
        for path in files(self.folder):
            relative = path.relative_to(self.folder)
            contents = path.read_bytes()
            # The Dockerfile is the copy's own.
            if str(relative) != "Dockerfile" and (copy / relative).read_bytes() != contents:
                (copy / relative).write_bytes(contents)


def relock(folder: Path) -> None:
    """Bring the lock of a changed workspace up to date, all versions kept. LockError."""
    command = [*lock.uv_command(), "lock", "--quiet", "--project", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise lock.LockError(done.stderr.strip())
    (folder / "uv.lock").touch()
    lock.lock(folder)  # gives new artifacts their size


# --- Changes: each takes the workspace as it was, a copy of it, and a number that no earlier change
# of its kind had, so that no cache knows the result.


def edit(workspace: Workspace, copy: Path, number: int) -> None:
    """Add a line to a module of the service."""
    _add_line(copy / workspace.subject.edited, number)


def edit_unrelated(workspace: Workspace, copy: Path, number: int) -> None:
    """Add a line to a module of a member that the service does not use."""
    _add_line(copy / workspace.subject.unrelated, number)


def bump(workspace: Workspace, copy: Path, number: int) -> None:
    """Give the service another version, in its manifest and in the lock."""
    subject = workspace.subject
    manifest, locked = copy / subject.manifest, copy / "uv.lock"
    version = f"77.{number}"
    manifest.write_text(set_version(manifest.read_text(), version))
    locked.write_text(set_locked_version(locked.read_text(), subject.package, version))


def depend(workspace: Workspace, copy: Path, number: int) -> None:
    """Add a small dependency to the service, and lock."""
    added = list(workspace.with_dependency.values())
    for path, text in added[number % len(added)].items():
        (copy / path).write_text(text)


def _add_line(path: Path, number: int) -> None:
    path.write_text(f"{path.read_text()}\nEDITED = {number}\n")


def add_dependency(manifest: str, name: str) -> str:
    """The text of a manifest with one more of its `dependencies`, which stand one a line."""
    changed, count = re.subn(
        r"^dependencies = \[$", f'\\g<0>\n    "{name}",', manifest, flags=re.MULTILINE
    )
    return _once(changed, count, "list of dependencies")


def set_version(manifest: str, version: str) -> str:
    """The text of a manifest with another version of the project."""
    changed, count = re.subn(
        r'^version = ".*"$', f'version = "{version}"', manifest, flags=re.MULTILINE
    )
    return _once(changed, count, "version")


def set_locked_version(locked: str, package: str, version: str) -> str:
    """The text of a lock with another version of a member."""
    changed, count = re.subn(
        rf'^(name = "{re.escape(package)}"\nversion = )".*"$',
        rf'\g<1>"{version}"',
        locked,
        flags=re.MULTILINE,
    )
    return _once(changed, count, f"version of {package}")


def _once(text: str, count: int, what: str) -> str:
    if count != 1:
        raise ValueError(f"the file has {count} places for a {what}, not one")
    return text
