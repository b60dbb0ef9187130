"""What of a lock each package's image depends on, for all packages of a workspace at once.

uv's own answer (see `closure`) takes it a moment for each package, and is for one of them. Here the
lock's graph is walked for Linux, whatever the version of Python: a slice may have more than the
image, never less.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from packaging.markers import InvalidMarker, Marker

from frontend.project.lock_graph import (
    dependencies,
    extras,
    group_dependencies,
    root_group_dependencies,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from frontend.model.packages import Selection
    from frontend.project.lock import Lock


#: What the image is whatever its Python is.
_LINUX = {"os_name": "posix", "platform_system": "Linux", "sys_platform": "linux"}
_VARIABLE = re.compile(r"\b(?:python_[a-z_]+|platform_[a-z_]+|implementation_[a-z]+|extra)\b")
_ELSEWHERE = re.compile(r"-(?:win32|win_[a-z0-9]+|macosx_[a-z0-9_]+|ios_[a-z0-9_]+)\.whl")
#: What a package's table has about others, and about how it was locked.
_NOT_ITS_OWN = (
    *("dependencies", "dependency-groups", "dev-dependencies", "optional-dependencies"),
    *("metadata", "resolution-markers"),
)


class LockDigest:
    """The slices of one lock."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._numbers: dict[str, list[int]] = {}
        for number, package in enumerate(lock.packages):
            self._numbers.setdefault(package["name"], []).append(number)
        self._edges: dict[tuple[int, str], tuple[tuple[tuple[int, str], ...], bytes]] = {}
        self._digests: dict[int, bytes] = {}

    def of(self, selection: Selection, groups: Iterable[str] = ()) -> tuple[str, tuple[str, ...]]:
        """Return the digest of what `selection` needs, and the names of the local packages in it.

        `groups` are further dependency groups that decide something.
        """
        chosen = (*selection.groups, *groups)
        starts = [
            (number, extra)
            for name in selection.packages
            for number in self._numbers[name]
            for extra in ("", *selection.extras)
        ]
        hashes: set[bytes] = set()
        for edges in self._group_edges(selection.packages, chosen):
            nodes, digest = self._resolve(edges)
            starts += nodes
            hashes.add(digest)

        def neighbours(node: tuple[int, str]) -> tuple[tuple[int, str], ...]:
            nodes, digest = self._targets(node)
            hashes.add(digest)
            return nodes

        seen = walk(starts, neighbours)
        numbers = {number for number, _ in seen}
        hashes |= {self._digest(number) for number in numbers}
        local = {self._lock.packages[n]["name"] for n in numbers} & self._lock.local_packages.keys()
        return hashlib.sha256(b"".join(sorted(hashes))).hexdigest(), tuple(sorted(local))

    def _group_edges(
        self, names: Iterable[str], groups: Iterable[str]
    ) -> Iterable[Iterable[Mapping[str, Any]]]:
        """Yield the edges of groups of these packages, or of the root."""
        for group in dict.fromkeys(groups):
            yield root_group_dependencies(self._lock, group)
            for name in {*names, *self._root}:
                for package in self._lock.named(name):
                    yield group_dependencies(package, group)

    @cached_property
    def _root(self) -> tuple[str, ...]:
        return tuple(p.name for p in self._lock.members.values() if p.path == ".")

    def _targets(self, node: tuple[int, str]) -> tuple[tuple[tuple[int, str], ...], bytes]:
        """Return the nodes that a package or an extra of it leads to, and a digest of the edges."""
        if node not in self._edges:
            package = self._lock.packages[node[0]]
            self._edges[node] = self._resolve(dependencies(package, node[1]))
        return self._edges[node]

    def _resolve(
        self, edges: Iterable[Mapping[str, Any]]
    ) -> tuple[tuple[tuple[int, str], ...], bytes]:
        nodes, kept = [], []
        for edge in edges:
            if not _possible(edge.get("marker", "")):
                continue
            kept.append(edge)
            for number in self._numbers.get(edge["name"], ()):
                package = self._lock.packages[number]
                if all(package.get(k) == edge[k] for k in ("version", "source") if k in edge):
                    nodes += [(number, extra) for extra in extras(edge)]
        return tuple(nodes), _hash(kept)

    def _digest(self, number: int) -> bytes:
        """Return the digest of the part of a package's table that is about its own files."""
        if number not in self._digests:
            package = self._lock.packages[number]
            table = {key: value for key, value in package.items() if key not in _NOT_ITS_OWN}
            if package["name"] in self._lock.local_packages:
                # Its manifest has the version, and is digested as a whole.
                table.pop("version", None)
            if "wheels" in table:
                wheels = table["wheels"]
                table["wheels"] = [w for w in wheels if not _ELSEWHERE.search(_address(w))]
            self._digests[number] = _hash(table)
        return self._digests[number]


@cache
def _possible(marker: str) -> bool:
    """Return whether a marker can hold on Linux; only the name of the system is evaluated."""
    if not marker:
        return True
    if " or " not in marker and "(" not in marker:
        return all(_holds(part) for part in marker.split(" and "))
    return _holds(marker)


@cache
def _holds(marker: str) -> bool:
    if _VARIABLE.search(marker.replace("platform_system", "")):
        return True
    try:
        return Marker(marker).evaluate(dict(_LINUX))
    except InvalidMarker:
        return True


def _address(wheel: Mapping[str, Any]) -> str:
    return str(wheel.get("url") or wheel.get("filename") or wheel.get("path") or "")


def _hash(value: Any) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).digest()
