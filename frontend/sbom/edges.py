"""Which package of an image depends on which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import Marker

from frontend.project.lock_graph import (
    dependencies,
    group_dependencies,
    root_group_dependencies,
    targets,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from frontend.model.interpreter import Interpreter
    from frontend.model.packages import Closure, Selection
    from frontend.project.lock import Lock


def edges(
    lock: Lock, closure: Closure, selection: Selection, target: Interpreter
) -> tuple[tuple[str, str], ...]:
    """Return pairs of names, sorted: the first depends on the second.

    The walk over the lock starts at the selected packages and follows the extras of each edge.
    Packages that are not in the closure are skipped. A group's packages are dependencies of the
    package that has the group; those of the workspace root's group are dependencies of the first
    selected package.
    """
    tables = {package.name: package.table for package in closure.third_party}
    # A package whose files are copied is not among those that uv installs.
    for name in {*selection.packages, *(local.name for local in closure.local)}:
        tables[name] = lock.named(name)[0]
    pairs: set[tuple[str, str]] = set()

    def follow(name: str, edges: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
        for edge in edges:
            if edge["name"] in tables and _applies(edge, target):
                if edge["name"] != name:
                    pairs.add((name, edge["name"]))
                yield from targets([edge])

    starts = [(name, extra) for name in selection.packages for extra in ("", *selection.extras)]
    for name, edges in _grouped(lock, selection):
        starts += follow(name, edges)
    walk(starts, lambda node: follow(node[0], dependencies(tables[node[0]], node[1])))
    return tuple(sorted(pairs))


def _grouped(lock: Lock, selection: Selection) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the edges of the selected groups, with the package that each belongs to."""
    roots = [name for name, member in lock.members.items() if member.path == "."]
    grouped: list[tuple[str, list[Mapping[str, Any]]]] = []
    for group in selection.groups:
        having = [name for name in selection.packages if group in lock.groups(name)]
        for name in having:
            grouped.append((name, list(group_dependencies(lock.named(name)[0], group))))
        if not having:
            root_edges = list(root_group_dependencies(lock, group))
            tables = [lock.named(name)[0] for name in roots]
            root_edges += [edge for table in tables for edge in group_dependencies(table, group)]
            grouped.append((selection.package, root_edges))
    return grouped


def _applies(edge: Mapping[str, Any], target: Interpreter) -> bool:
    marker = edge.get("marker")
    # Among conflicting extras uv writes markers of its own about `extra`; what they choose is in
    # the closure, which has been asked before.
    if not marker or "extra ==" in marker or "extra !=" in marker:
        return True
    return Marker(marker).evaluate(target.markers)
