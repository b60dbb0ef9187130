"""The walk over the lock's graph, and the edges that the lock has for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.errors import SourceFile
from frontend.project.lock import Lock
from frontend.project.lock_graph import (
    dependencies,
    extras,
    group_dependencies,
    root_group_dependencies,
    targets,
    walk,
)
from tests.unit.frontend.locks import HEAD, edges, package

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NODES = st.integers(0, 12)
GRAPHS = st.dictionaries(NODES, st.lists(NODES, max_size=5), max_size=13)
STARTS = st.lists(NODES, max_size=4)


def reachable(graph: Mapping[int, Sequence[int]], starts: Iterable[int]) -> frozenset[int]:
    """Return what can be reached, by the definition of it."""

    def visit(node: int, path: frozenset[int]) -> frozenset[int]:
        if node in path:
            return path
        path |= {node}
        for neighbour in graph.get(node, ()):
            path |= visit(neighbour, path)
        return path

    nodes: frozenset[int] = frozenset()
    for start in starts:
        nodes = visit(start, nodes)
    return nodes


def distance(graph: Mapping[int, Sequence[int]], starts: Sequence[int], node: int) -> int:
    """Return how many edges lead from the nearest of `starts` to `node`."""
    nodes, steps = set(starts), 0
    while node not in nodes:
        nodes |= {neighbour for one in nodes for neighbour in graph.get(one, ())}
        steps += 1
    return steps


@given(GRAPHS, STARTS)
def test_a_walk_reaches_what_recursion_reaches(
    graph: dict[int, list[int]], starts: list[int]
) -> None:
    nodes = walk(starts, lambda node: graph.get(node, ()))

    assert set(nodes) == reachable(graph, starts)
    assert len(nodes) == len(set(nodes))


@given(GRAPHS, STARTS)
def test_a_walk_is_breadth_first(graph: dict[int, list[int]], starts: list[int]) -> None:
    nodes = walk(starts, lambda node: graph.get(node, ()))

    distances = [distance(graph, starts, node) for node in nodes]
    assert distances == sorted(distances)
    assert list(nodes[: len(set(starts))]) == list(dict.fromkeys(starts))


@given(GRAPHS, STARTS)
def test_neighbours_are_asked_for_once(graph: dict[int, list[int]], starts: list[int]) -> None:
    calls: Counter[int] = Counter()

    def neighbours(node: int) -> list[int]:
        calls[node] += 1
        return graph.get(node, [])

    nodes = walk(starts, neighbours)

    assert calls == dict.fromkeys(nodes, 1)


def test_a_long_chain_is_no_recursion() -> None:
    assert walk([0], lambda node: [node + 1] if node < 20_000 else []) == tuple(range(20_001))


A, B = {"name": "a"}, {"name": "b", "extra": ["x", "y"]}


def test_edges_of_a_package_and_of_its_extras() -> None:
    table = {"name": "p", "dependencies": [A], "optional-dependencies": {"fast": [B]}}

    assert list(dependencies(table)) == [A]
    assert list(dependencies(table, "fast")) == [B]
    assert list(dependencies(table, "slow")) == []
    assert list(dependencies({"name": "p"})) == []


@pytest.mark.parametrize("key", ["dev-dependencies", "dependency-groups"])
def test_edges_of_a_group_in_newer_and_older_locks(key: str) -> None:
    table = {"name": "p", "dependencies": [A], key: {"lint": [B]}}

    assert list(group_dependencies(table, "lint")) == [B]
    assert list(group_dependencies(table, "docs")) == []
    assert list(group_dependencies({"name": "p"}, "lint")) == []


def test_edges_of_a_root_that_is_no_package() -> None:
    text = f"{HEAD}\n[manifest.dependency-groups]\n{edges('lint', 'ruff')}\n"
    lock = Lock.parse(SourceFile("uv.lock", text + package("ruff", 'registry = "https://x"', "1")))

    assert [edge["name"] for edge in root_group_dependencies(lock, "lint")] == ["ruff"]
    assert list(root_group_dependencies(lock, "docs")) == []


def test_an_edge_leads_to_the_package_and_to_the_extras_that_it_names() -> None:
    assert list(extras(A)) == [""]
    assert list(extras(B)) == ["", "x", "y"]
    assert list(targets([A, B])) == [("a", ""), ("b", ""), ("b", "x"), ("b", "y")]
