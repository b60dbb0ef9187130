"""What gets installed: uv says which packages, `packaging` which of them for this target.

`uv export --frozen` reads the lock and needs neither an interpreter nor the network. Groups are
always named and never left to defaults: what a default group means with `--package` moved between
uv releases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.pylock import Pylock, PylockSelectError
from packaging.utils import parse_wheel_filename

from frontend.errors import FrontendError, Location
from frontend.model.packages import Artifact, Closure, LockedPackage, filename_of
from frontend.project.lock import NO_HASH
from frontend.resolve.export import EXPORT_TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.pylock import Package

    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import LocalPackage
    from frontend.project.lock import Lock
    from frontend.toml_document import TomlDocument


def select_packages(pylock: Pylock, lock: Lock, target: Interpreter) -> Closure:
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


def _refuse_empty(pylock: Pylock, lock: Lock, target: Interpreter) -> None:
    for package in (pylock.tool or {}).get(EXPORT_TABLE, {}).get("empty", ()):
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
    pylock: Pylock, lock: Lock, target: Interpreter, error: PylockSelectError
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
    closure: Closure, manifest: Callable[[LocalPackage], TomlDocument], target: Interpreter
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


def check_python(lock: Lock, target: Interpreter, base: str, places: tuple[Location, ...]) -> None:
    """Refuse a target whose Python the workspace's `requires-python` excludes."""
    wanted = lock.requires_python
    if not target.satisfies(wanted):
        raise FrontendError(
            f"{base} has Python {target.version}, and the workspace requires {wanted}",
            remedy="Choose another `python` or `base`, or change `requires-python`.",
            places=places,
        )
