"""What gets installed: uv says which packages, `packaging` which of them for this target.

`uv export --frozen` reads the lock and needs neither an interpreter nor the network. Groups are
always named and never left to defaults: what a default group means with `--package` moved between
uv releases.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import tomli
from packaging.markers import Marker
from packaging.pylock import Pylock, PylockSelectError
from packaging.utils import parse_wheel_filename

from frontend.errors import FrontendError, Place
from frontend.lock import NO_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.pylock import Package

    from frontend.lock import LocalPackage, Lock
    from frontend.target import Target
    from frontend.toml_document import TomlDocument

#: The uv in our image; its version is part of the name of the uv cache.
UV_VERSION = "0.13.8"
_TOOL = "uv-frontend"


@dataclass(frozen=True)
class Selection:
    """What the user wants of the workspace.

    An extra or group is that of every chosen package which has one of that name; a group that none
    of them has is the workspace root's. `others` are further packages in the same image.
    """

    package: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of all chosen packages, in the order they were named."""
        return (self.package, *self.others)


@dataclass(frozen=True)
class Artifact:
    """A file that a package is installed from.

    `url` is empty for a file of the workspace, `digest` (`sha256:…`) where the lock has none.
    """

    filename: str
    url: str
    digest: str


@dataclass(frozen=True)
class LockedPackage:
    """A third-party package with the table the lock has for it.

    `size` is that of the artifact for this target in bytes, 0 where the lock has none; `built` says
    that there is no wheel, so that installing means building. `artifact` is None for a package
    that is no file, such as one from git. `hashes` are all that the lock has of it, as
    `ALGORITHM:HEX`.
    """

    name: str
    version: str
    table: Mapping[str, Any] = field(compare=False, hash=False)
    size: int = 0
    built: bool = False
    artifact: Artifact | None = None
    hashes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def source_artifact(self) -> Artifact | None:
        """Its source distribution, which settings may ask for although there is a wheel."""
        sdist = self.table.get("sdist")
        if sdist is None:
            return None
        places = {**self.table["source"], **sdist}
        url = str(places.get("url", ""))
        filename = filename_of(url or str(places.get("path", "")))
        return Artifact(filename, url, _sha256(str(sdist.get("hash", ""))))

    @property
    def registry(self) -> str:
        """The index it comes from; empty for other sources."""
        return str(self.table["source"].get("registry", ""))


@dataclass(frozen=True)
class Closure:
    """The packages of one image, sorted by name."""

    third_party: tuple[LockedPackage, ...]
    local: tuple[LocalPackage, ...]


def size_of_source(package: LockedPackage) -> int:
    """The size of the source distribution in bytes; 0 where the lock has none."""
    return int((package.table.get("sdist") or {}).get("size", 0))


def uv_binary() -> str:
    """Find uv: the one in our image, else (for developers) the one of this environment."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise FileNotFoundError("uv is neither beside this Python nor on PATH")
    return found


def export(
    files: Mapping[str, str],
    selection: Selection,
    place: Sequence[Place] = (),
    *,
    only_group: str = "",
) -> Pylock:
    """Let uv write the closure of `selection` as a PEP 751 lock, for every platform.

    With `only_group` it is the closure of that dependency group of the package or the root alone.

    `files` are the root manifest, the lock and the package's manifest, by path. FrontendError with
    uv's own words where uv refuses.
    """
    with tempfile.TemporaryDirectory(prefix="uv-frontend-") as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        command = [
            uv_binary(),
            "export",
            "--quiet",
            "--frozen",
            "--no-default-groups",
            "--no-header",
        ]
        command += ["--format", "pylock.toml"]
        for package in selection.packages:
            command += ["--package", package]
        if only_group:
            command += ["--only-group", only_group]
        else:
            command += [part for extra in selection.extras for part in ("--extra", extra)]
            command += [part for group in selection.groups for part in ("--group", group)]
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                "HOME": folder,
                "PATH": os.defpath,
                "UV_CACHE_DIR": f"{folder}/.cache",
                "UV_NO_PROGRESS": "1",
                "UV_OFFLINE": "1",
                "UV_PREVIEW_FEATURES": "pylock",
                "UV_PYTHON_DOWNLOADS": "never",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        said = re.sub(r"^error: ", "", done.stderr.strip()).replace(f"{folder}/", "")
        raise FrontendError(
            f"uv cannot use this lock: {said}",
            remedy="Check with `uv lock --check`, and mend it with `uv lock`.",
            places=_named(said, place),
        )
    return _read(tomli.loads(done.stdout))


def _named(said: str, place: Sequence[Place]) -> tuple[Place, ...]:
    """The first line of the lock with a package that uv's message names; else `place`."""
    names = re.findall(r"`([A-Za-z0-9._-]+)`", said)
    for source in (each.source for each in place):
        for number, line in enumerate(source.text.split("\n"), 1):
            if any(f'name = "{name}"' in line for name in names):
                return (Place.line(source, number),)
    return tuple(place)


def _read(exported: dict[str, Any]) -> Pylock:
    """Read an export; packages that the lock has no file of are kept in its `tool` table.

    uv writes these down too (their wheels are all for other platforms), PEP 751 allows them not.
    """
    artifacts = {"wheels", "sdist", "archive", "directory", "vcs"}
    packages = exported.get("packages", [])
    exported["packages"] = [p for p in packages if not artifacts.isdisjoint(p)]
    exported["tool"] = {_TOOL: {"empty": [p for p in packages if artifacts.isdisjoint(p)]}}
    return Pylock.from_dict(exported)


def close(pylock: Pylock, lock: Lock, target: Target) -> Closure:
    """Choose from `pylock` what `target` gets; FrontendError where it cannot be installed there."""
    _refuse_empty(pylock, lock, target)
    try:
        chosen = list(pylock.select(environment=target.environment, tags=target.tags))
    except PylockSelectError as error:
        raise _unsuitable(pylock, lock, target, error) from None
    third_party, local = [], []
    for package, artifact in chosen:
        name = str(package.name)
        if package.directory is not None:
            local.append(lock.local_packages[name])
            continue
        third_party.append(
            LockedPackage(
                name,
                str(package.version or ""),
                _table(lock, package),
                getattr(artifact, "size", None) or 0,
                built=not _is_wheel(artifact),
                artifact=_artifact(artifact),
                hashes=_hashes(artifact),
            )
        )
    return Closure(
        tuple(sorted(third_party, key=lambda p: p.name)),
        tuple(sorted(local, key=lambda p: p.name)),
    )


def _artifact(found: Any) -> Artifact | None:
    address = getattr(found, "url", None) or getattr(found, "path", None)
    if not address or not hasattr(found, "hashes"):
        return None
    digest = (found.hashes or {}).get("sha256", "")
    url = str(found.url or "")
    digest = "" if digest in {"", NO_HASH.partition(":")[2]} else f"sha256:{digest}"
    return Artifact(filename_of(str(address)), url, digest)


def _hashes(found: Any) -> tuple[str, ...]:
    known = sorted((getattr(found, "hashes", None) or {}).items())
    written = (f"{algorithm}:{value}" for algorithm, value in known)
    return tuple(each for each in written if each != NO_HASH)


def filename_of(address: str) -> str:
    """Return the name of the file at an address or a path, without query and fragment."""
    return unquote(address.partition("?")[0].partition("#")[0].rpartition("/")[2])


def _sha256(digest: str) -> str:
    return digest if digest.startswith("sha256:") else ""


def _is_wheel(artifact: Any) -> bool:
    url = getattr(artifact, "url", None) or getattr(artifact, "path", None) or ""
    return filename_of(str(url)).endswith(".whl")


def _table(lock: Lock, package: Package) -> Mapping[str, Any]:
    """Find the lock's own table of `package`: same kind of source, same version, same index."""
    kinds = {"git"} if package.vcs else {"url", "path"} if package.archive else {"registry"}
    tables = [t for t in lock.named(str(package.name)) if not kinds.isdisjoint(t["source"])]
    for key, wanted in (("version", package.version), ("registry", package.index)):
        if len(tables) > 1 and wanted:
            same = [t for t in tables if str({**t, **t["source"]}.get(key, "")) == str(wanted)]
            tables = same or tables
    if not tables:
        raise LookupError(f"uv exported {package.name}, and the lock has no such package")
    return tables[0]


def _refuse_empty(pylock: Pylock, lock: Lock, target: Target) -> None:
    for package in (pylock.tool or {}).get(_TOOL, {}).get("empty", ()):
        if "marker" in package and not Marker(package["marker"]).evaluate(target.markers):
            continue
        name, version = package["name"], package.get("version", "")
        raise FrontendError(
            f"{name} {version} has neither a wheel nor a source distribution in the lock",
            remedy="uv leaves out wheels that fit none of the lock's platforms: take another "
            "version of it, or widen `requires-python` or `tool.uv.environments`, and lock again.",
            places=(lock.place(name, version),),
        )


def _unsuitable(
    pylock: Pylock, lock: Lock, target: Target, error: PylockSelectError
) -> FrontendError:
    """Say which package has nothing for `target`, and what it has instead."""
    tags = set(target.tags)
    versions = dict[str, list[str]]()
    for package in pylock.packages:
        if package.marker and not package.marker.evaluate(target.markers):
            continue
        versions.setdefault(str(package.name), []).append(str(package.version or ""))
        if not target.satisfies(str(package.requires_python or "")):
            return FrontendError(
                f"{package.name} {package.version} needs Python {package.requires_python}, and "
                f"the image has {target.version}",
                remedy="Choose another `python` or `base`.",
                places=(lock.place(str(package.name), str(package.version or "")),),
            )
        if package.wheels and not package.sdist:
            filenames = [wheel.filename for wheel in package.wheels]
            offered = {tag for name in filenames for tag in parse_wheel_filename(name)[3]}
            if not offered & tags:
                platforms = sorted({tag.platform for tag in offered})
                pythons = sorted({f"{tag.interpreter}-{tag.abi}" for tag in offered})
                return FrontendError(
                    f"{package.name} {package.version} has no wheel for Python {target.minor} on "
                    f"{target.machine} with {target.libc.name} "
                    f"{'.'.join(map(str, target.libc.version))}, and no source distribution",
                    remedy=f"Its wheels are for {_few(pythons)} on {_few(platforms)}. Choose a "
                    "`python`, `base` or platform among these, or another version of it.",
                    places=(lock.place(str(package.name), str(package.version or "")),),
                )
    for name, several in versions.items():
        if len(several) > 1:
            return FrontendError(
                f"{name} is needed in two versions at once: {' and '.join(several)}",
                remedy="The chosen extras or groups lead to others that `tool.uv.conflicts` says "
                "cannot be installed together: choose fewer.",
                places=tuple(lock.place(name, version) for version in several),
            )
    return FrontendError(
        f"the lock does not fit Python {target.version} on {target.machine}: {error}",
        remedy="Choose another `python` or `base`, or widen `tool.uv.environments` and lock again.",
    )


def _few(items: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def check_members(
    closure: Closure, manifest: Callable[[LocalPackage], TomlDocument], target: Target
) -> None:
    """Refuse a target that a member's own `requires-python` excludes.

    The lock's covers all members of the workspace, but neither directories outside of it nor what
    was written since it was made.
    """
    for member in closure.local:
        wanted = manifest(member).get("project", "requires-python")
        if isinstance(wanted, str) and not target.satisfies(wanted):
            raise FrontendError(
                f"{member.name} {member.version} needs Python {wanted}, and the image has "
                f"{target.version}",
                remedy="Choose another `python` or `base`, or change `requires-python`.",
                places=(manifest(member).place("project", "requires-python"),),
            )


def check_python(lock: Lock, target: Target, base: str, places: tuple[Place, ...]) -> None:
    """Refuse a target whose Python the workspace's `requires-python` excludes."""
    wanted = lock.requires_python
    if not target.satisfies(wanted):
        raise FrontendError(
            f"{base} has Python {target.version}, and the workspace requires {wanted}",
            remedy="Choose another `python` or `base`, or change `requires-python`.",
            places=places,
        )
