"""Which package of an image depends on which."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.closure import Closure, Selection
    from frontend.lock import Lock
    from frontend.target import Target


def edges(
    lock: Lock, closure: Closure, selection: Selection, target: Target
) -> tuple[tuple[str, str], ...]:
    """Pairs of names, sorted: the first depends on the second.

    Walks the lock from the selected package, with the extras that each edge asks for; what the
    closure has not is not there. A group's packages are dependencies of the selected package.
    """
    tables = {package.name: package.table for package in closure.third_party}
    # A package whose files are copied is not among those that uv installs.
    for name in {selection.package, *(local.name for local in closure.local)}:
        tables[name] = lock.named(name)[0]
    found: set[tuple[str, str]] = set()
    queue = deque([(selection.package, "")])
    queue.extend((selection.package, extra) for extra in selection.extras)
    starts = [(selection.package, each) for each in _grouped(lock, selection)]
    seen: set[tuple[str, str]] = set()

    def follow(name: str, dependencies: Iterable[Mapping[str, Any]]) -> None:
        for edge in dependencies:
            if edge["name"] not in tables or not _applies(edge, target):
                continue
            if edge["name"] != name:
                found.add((name, edge["name"]))
            queue.append((edge["name"], ""))
            queue.extend((edge["name"], extra) for extra in edge.get("extra", ()))

    for name, edge in starts:
        follow(name, [edge])
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


def _grouped(lock: Lock, selection: Selection) -> list[Mapping[str, Any]]:
    """The edges of the selected groups, which the package or the workspace's root has."""
    roots = [name for name, member in lock.members.items() if member.path == "."]
    found: list[Mapping[str, Any]] = []
    for group in selection.groups:
        for name in dict.fromkeys([selection.package, *roots]):
            for package in lock.named(name):
                groups = package.get("dev-dependencies", package.get("dependency-groups", {}))
                found += groups.get(group, ())
        found += lock.document.get("manifest", "dependency-groups", group) or ()
    return found


def _applies(edge: Mapping[str, Any], target: Target) -> bool:
    marker = edge.get("marker")
    # Among conflicting extras uv writes markers of its own about `extra`; what they choose is in
    # the closure, which has been asked before.
    if not marker or "extra ==" in marker or "extra !=" in marker:
        return True
    return Marker(marker).evaluate(target.markers)
