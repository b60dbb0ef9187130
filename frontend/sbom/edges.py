"""Which package of an image depends on which."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure, Selection
    from frontend.project.lock import Lock


def edges(
    lock: Lock, closure: Closure, selection: Selection, target: Interpreter
) -> tuple[tuple[str, str], ...]:
    """Pairs of names, sorted: the first depends on the second.

    Walks the lock from the selected packages, with the extras that each edge asks for; what the
    closure has not is not there. A group's packages are dependencies of the package that has the
    group, those of the workspace's root of the first selected package.
    """
    tables = {package.name: package.table for package in closure.third_party}
    # A package whose files are copied is not among those that uv installs.
    for name in {*selection.packages, *(local.name for local in closure.local)}:
        tables[name] = lock.named(name)[0]
    found: set[tuple[str, str]] = set()
    queue = deque((name, extra) for name in selection.packages for extra in ("", *selection.extras))
    seen: set[tuple[str, str]] = set()

    def follow(name: str, dependencies: Iterable[Mapping[str, Any]]) -> None:
        for edge in dependencies:
            if edge["name"] not in tables or not _applies(edge, target):
                continue
            if edge["name"] != name:
                found.add((name, edge["name"]))
            queue.append((edge["name"], ""))
            queue.extend((edge["name"], extra) for extra in edge.get("extra", ()))

    for name, dependencies in _grouped(lock, selection):
        follow(name, dependencies)
    while queue:
        item = queue.popleft()
        if item in seen or item[0] not in tables:
            continue
        seen.add(item)
        name, extra = item
        table = tables[name]
        optional = table.get("optional-dependencies", {})
        follow(name, optional.get(extra, ()) if extra else table.get("dependencies", ()))
    return tuple(sorted(found))


def _grouped(lock: Lock, selection: Selection) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The edges of the selected groups, with the package that each belongs to."""
    roots = [name for name, member in lock.members.items() if member.path == "."]
    found: list[tuple[str, list[Mapping[str, Any]]]] = []
    for group in selection.groups:
        having = [name for name in selection.packages if group in lock.groups(name)]
        for name in having:
            found.append((name, _group(lock, name, group)))
        if not having:
            own = list(lock.document.get("manifest", "dependency-groups", group) or ())
            own += [edge for name in roots for edge in _group(lock, name, group)]
            found.append((selection.package, own))
    return found


def _group(lock: Lock, name: str, group: str) -> list[Mapping[str, Any]]:
    table = lock.named(name)[0]
    groups = table.get("dev-dependencies", table.get("dependency-groups", {}))
    return list(groups.get(group, ()))


def _applies(edge: Mapping[str, Any], target: Interpreter) -> bool:
    marker = edge.get("marker")
    # Among conflicting extras uv writes markers of its own about `extra`; what they choose is in
    # the closure, which has been asked before.
    if not marker or "extra ==" in marker or "extra !=" in marker:
        return True
    return Marker(marker).evaluate(target.markers)
