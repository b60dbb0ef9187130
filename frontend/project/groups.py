"""Dependency groups: which are installed unasked, and which Python they need.

uv's own settings, `tool.uv.default-groups` and `tool.uv.dependency-groups`. They are read from the
manifests, since locks have them only since revision 5.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from frontend.errors import FrontendError, Location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import LocalPackage
    from frontend.project.workspace import Workspace
    from frontend.toml_document import TomlDocument


#: The group that uv installs where nobody says which; no image has it unless it is named.
DEV = "dev"


@dataclass(frozen=True)
class PythonNeed:
    """What a group asks of Python, as a version specifier, and where that stands."""

    group: str
    specifier: str
    place: Location


def defaults(workspace: Workspace, package: LocalPackage) -> tuple[str, ...]:
    """Return the groups that `uv sync --package` installs of a package, unasked.

    `tool.uv.default-groups` of its manifest (uv's word for all groups is `all`), else `dev`: the
    root's list is that of the root (uv 0.13). FrontendError for a name that it does not have.
    """
    manifest, groups = workspace.manifest(package), workspace.lock.groups(package.name)
    chosen = manifest.get("tool", "uv", "default-groups")
    if chosen == "all":
        return groups
    names = [canonicalize_name(str(name)) for name in chosen] if isinstance(chosen, list) else [DEV]
    unknown = [name for name in names if name not in groups and name != DEV]
    if unknown:
        nearest = difflib.get_close_matches(unknown[0], groups, n=1)
        raise FrontendError(
            f"tool.uv.default-groups names {unknown[0]!r}, and package {package.name!r} has "
            "no such group",
            remedy=f"Did you mean {nearest[0]}?"
            if nearest
            else f"It has {', '.join(groups) or 'no groups'}.",
            places=(manifest.place("tool", "uv", "default-groups"),),
        )
    return tuple(name for name in names if name in groups)


def python_needs(
    workspace: Workspace, packages: Iterable[LocalPackage], groups: Iterable[str]
) -> tuple[PythonNeed, ...]:
    """Return what the chosen groups ask of Python, with the groups that they include.

    As for what is installed, a group is that of each package which has one of that name, else the
    workspace root's.
    """
    packages = tuple(packages)
    needs: list[PythonNeed] = []
    for group in groups:
        owners = [p for p in packages if group in workspace.lock.groups(p.name)]
        manifests = [workspace.manifest(p) for p in owners] or [workspace.root]
        for manifest in manifests:
            needs += _needs(manifest, group)
    return tuple(dict.fromkeys(needs))


def _needs(manifest: TomlDocument, group: str) -> Iterator[PythonNeed]:
    settings = manifest.get("tool", "uv", "dependency-groups")
    for name in included_groups(manifest, group):
        for key, value in settings.items() if isinstance(settings, dict) else ():
            wanted = value.get("requires-python") if isinstance(value, dict) else None
            if canonicalize_name(key) == name and isinstance(wanted, str):
                place = manifest.place("tool", "uv", "dependency-groups", key)
                try:
                    SpecifierSet(wanted)
                except InvalidSpecifier:
                    raise FrontendError(
                        f"group {name!r} has requires-python = {wanted!r}, which is no version "
                        "specifier",
                        remedy='Write it as in [project]: ">=3.12".',
                        places=(place,),
                    ) from None
                yield PythonNeed(name, wanted, place)


def included_groups(manifest: TomlDocument, group: str) -> tuple[str, ...]:
    """Return the normalized names of a group and of those it includes, each once (PEP 735).

    Depth first, in the order of the manifest. A group that the manifest does not have includes
    none. FrontendError for what `packaging.dependency_groups` refuses: at the line of an include
    that closes a cycle or names no group, at the line of a group with an item that is neither a
    requirement nor an include.
    """
    name = canonicalize_name(group)
    table = manifest.get("dependency-groups")
    if table is None:
        return (name,)
    if not isinstance(table, dict):
        raise _unreadable(manifest, group, "dependency-groups is not a table")
    # Requirements are left out: a malformed one is reported where requirements are compared.
    includes = {
        key: [item for item in items if not isinstance(item, str)]
        if isinstance(items, list)
        else items
        for key, items in table.items()
    }
    by_name = {canonicalize_name(key) for key in includes}
    if name not in by_name or not any(includes.values()):
        return (name,)
    # Imported where it is needed: most groups include none.
    from packaging.dependency_groups import (
        CyclicDependencyGroup,
        DependencyGroupInclude,
        DependencyGroupResolver,
    )

    def includes_of(owner: str) -> Iterator[str]:
        try:
            items = resolver.lookup(owner)
        except ExceptionGroup as error:
            raise _unreadable(manifest, group, str(error.exceptions[0]), owner) from error
        return (item.include_group for item in items if isinstance(item, DependencyGroupInclude))

    try:
        resolver = DependencyGroupResolver(includes)
    except ExceptionGroup as error:
        raise _unreadable(manifest, group, str(error.exceptions[0])) from error
    # `resolver.resolve` walks every path through the includes as soon as one of them is wrong, and
    # there can be exponentially many. This visits each group once.
    names = {name: None}
    path = {name: includes_of(name)}
    while path:
        owner, remaining = next(reversed(path.items()))
        include = next(remaining, None)
        if include is None:
            path.popitem()
            continue
        included = canonicalize_name(include)
        if included in path:
            cycle = CyclicDependencyGroup(name, owner, include)
            raise _unreadable(manifest, group, str(cycle), owner, include)
        if included not in by_name:
            missing = f"Dependency group {included!r} not found"
            raise _unreadable(manifest, group, missing, owner, include)
        if included not in names:
            names[included] = None
            path[included] = includes_of(included)
    return tuple(names)


def _unreadable(
    manifest: TomlDocument, group: str, reason: str, owner: str = "", include: str = ""
) -> FrontendError:
    """Return the error for `group`, at the line of `owner` (else its own), or of its `include`."""
    table = manifest.get("dependency-groups")
    owner = canonicalize_name(owner or group)
    keys = table if isinstance(table, dict) else ()
    key = next((k for k in keys if canonicalize_name(k) == owner), None)
    path = ("dependency-groups", key) if key else ("dependency-groups",)
    return FrontendError(
        f"dependency group {group!r} cannot be read: {reason}",
        remedy='A group is a list of requirements and of tables { include-group = "NAME" }.',
        places=(manifest.place_of(include, *path) if include else manifest.place(*path),),
    )


def group_requirements(manifest: TomlDocument, group: str) -> Iterator[str]:
    """Yield the requirements of a group and of those it includes, as the manifest has them."""
    names = included_groups(manifest, group)
    table = manifest.get("dependency-groups") or {}
    by_name: dict[str, Any] = {canonicalize_name(key): items for key, items in table.items()}
    for name in names:
        items = by_name.get(name, ())
        if not isinstance(items, list | tuple):
            raise _unreadable(manifest, name, "it is not a list")
        yield from (item for item in items if isinstance(item, str))


def check_python(needs: Iterable[PythonNeed], target: Interpreter, base: str) -> None:
    """Refuse a target whose Python a chosen group excludes: uv's markers would drop the group."""
    for need in needs:
        if not target.satisfies(need.specifier):
            raise FrontendError(
                f"{base} has Python {target.version}, and group {need.group!r} requires "
                f"{need.specifier}",
                remedy="Choose another `python` or `base`, or leave the group out.",
                places=(need.place,),
            )
