"""Whether what is going to be installed fits together: `uv pip check`, before it is installed.

uv makes sure of that when it writes a lock, and nobody does for a lock that a merge has joined from
two: `uv sync --frozen` installs it without a word. The lock keeps what members, directories and
archives at an address require, with versions; of packages from an index it keeps what uv resolved.
So this needs no step, and no layer of an image that is known already. Pythons and duplicates are
looked at where the packages are chosen (`closure`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from frontend.errors import FrontendError
from frontend.project.lock_check import SOURCES, LockMismatch, stale

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from frontend.findings import Finding
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure, Selection
    from frontend.project.lock import Lock


def check_consistency(
    inputs: BuildInputs, closure: Closure, interpreter: Interpreter
) -> tuple[Finding, ...]:
    """Do what the key `lock` says with packages that do not fit: return them, or raise the first.

    FrontendError as well for a package that is on the machine of whoever has locked.
    """
    check_places(inputs.workspace.lock, closure)
    mode = inputs.settings.spec.lock or "strict"
    if mode == "off":
        return ()
    findings = []
    for mismatch in differences(inputs.workspace.lock, inputs.selection, closure, interpreter):
        if mode == "strict":
            raise FrontendError(
                f"the lock does not fit together: {mismatch.message}",
                remedy="Run `uv lock` and commit the result: a merge may have joined two locks "
                '(or set `lock = "warn"` to build what the lock says).',
                places=(mismatch.place,),
            )
        findings.append(stale(mismatch))
    return tuple(findings)


def check_places(lock: Lock, closure: Closure) -> None:
    """Refuse what the lock has in a folder by its whole path, as for an index `file:///…`."""
    for package in closure.third_party:
        source = package.table["source"]
        place = str(source.get("registry") or source.get("path") or "")
        if place.startswith(("/", "file:")):
            raise FrontendError(
                f"the lock has {package.name} {package.version} in a folder that no build sees: "
                f"{place}",
                remedy="Put the folder into the workspace, name it by a relative path, without "
                "file://, and run `uv lock`.",
                places=(lock.place(package.name, package.version),),
            )


def differences(
    lock: Lock, selection: Selection, closure: Closure, target: Interpreter
) -> Iterator[LockMismatch]:
    """Say which requirement that the lock has is not met by what is installed for `target`.

    What the workspace overrides or excludes is meant to differ. Where a source decides, so that the
    version does not count for uv either, only that the package is there counts.
    """
    manifest = lock.document.get("manifest") or {}
    meant = {entry["name"] for entry in manifest.get("overrides") or ()}
    meant |= {_name(entry) for entry in manifest.get("excludes") or ()}
    stated = {entry["name"] for entry in manifest.get("dependency-metadata") or ()}
    versions = {package.name: package.version for package in closure.third_party}
    registry = {package.name for package in closure.third_party if package.registry}
    tables = {package.name: package.table for package in closure.third_party}
    tables |= {local.name: lock.named(local.name)[0] for local in closure.local}
    for name, table in sorted(tables.items()):
        if name in stated:
            continue
        for entry, extras in _required(table, name, selection):
            wanted = entry["name"]
            if wanted in meant or not _applies(entry, extras, target):
                continue
            label = f"{wanted}{entry.get('specifier', '')}"
            if wanted not in tables and wanted not in lock.local_packages:
                yield LockMismatch(f"{name!r} requires {label}, which it lacks", lock.place(name))
            elif wanted in registry and SOURCES.isdisjoint(entry):
                version = versions[wanted]
                if not SpecifierSet(entry.get("specifier", "")).contains(version, prereleases=True):
                    yield LockMismatch(
                        f"{name!r} requires {label}, and it has {wanted} {version}",
                        lock.place(wanted, version),
                    )


def _required(
    table: Mapping[str, Any], name: str, selection: Selection
) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """What the lock says that a package requires, and the extras that may be chosen of it."""
    metadata = table.get("metadata") or {}
    chosen = name in selection.packages
    extras = ("", *(selection.extras if chosen else ()))
    for entry in metadata.get("requires-dist") or ():
        yield entry, extras
    for group in selection.groups if chosen else ():
        for entry in (metadata.get("requires-dev") or {}).get(group) or ():
            yield entry, ("",)


def _applies(entry: Mapping[str, Any], extras: Iterable[str], target: Interpreter) -> bool:
    marker = entry.get("marker")
    if not marker:
        return True
    parsed = Marker(marker)
    return any(parsed.evaluate({**target.markers, "extra": extra}) for extra in extras)


def _name(entry: object) -> str:
    return str(entry.get("name") if isinstance(entry, dict) else entry)
