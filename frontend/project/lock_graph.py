"""The graph of a lock: which packages, and which of their extras, lead to which.

A node is a package and an extra of it; the empty extra is the package itself. The caller chooses
how to identify a package: by its name, or by its index in the lock if the lock has forks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from frontend.project.lock import Lock

_Node = TypeVar("_Node")


def walk(
    starts: Iterable[_Node], neighbours: Callable[[_Node], Iterable[_Node]]
) -> tuple[_Node, ...]:
    """Return the nodes that are reachable from `starts`, these included, in breadth-first order.

    `neighbours` is called once for each node.
    """
    seen = dict.fromkeys(starts)
    queue = deque(seen)
    while queue:
        for node in neighbours(queue.popleft()):
            if node not in seen:
                seen[node] = None
                queue.append(node)
    return tuple(seen)


def dependencies(package: Mapping[str, Any], extra: str = "") -> Iterable[Mapping[str, Any]]:
    """Return the edges of a package, or of one of its extras, as the lock has them."""
    optional = package.get("optional-dependencies", {})
    edges: Iterable[Mapping[str, Any]] = (
        optional.get(extra, ()) if extra else package.get("dependencies", ())
    )
    return edges


def group_dependencies(package: Mapping[str, Any], group: str) -> Iterable[Mapping[str, Any]]:
    """Return the edges of a dependency group of a package; older locks have another key."""
    groups = package.get("dev-dependencies", package.get("dependency-groups", {}))
    edges: Iterable[Mapping[str, Any]] = groups.get(group, ())
    return edges


def root_group_dependencies(lock: Lock, group: str) -> Iterable[Mapping[str, Any]]:
    """Return the edges of a dependency group of a root that is no package itself."""
    edges: Iterable[Mapping[str, Any]] = (
        lock.document.get("manifest", "dependency-groups", group) or ()
    )
    return edges


def extras(edge: Mapping[str, Any]) -> Iterator[str]:
    """Yield the extras that an edge leads to: the package itself, and those that it names."""
    yield ""
    yield from edge.get("extra", ())


def targets(edges: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the nodes, by name, that edges lead to."""
    for edge in edges:
        for extra in extras(edge):
            yield edge["name"], extra
