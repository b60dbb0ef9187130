"""What walks over the lock's graph, against the definition of what can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from frontend.calls.lock_digest import LockDigest
from frontend.errors import SourceFile
from frontend.model.packages import Closure, LockedPackage, Selection
from frontend.project.lock import Lock
from frontend.sbom.edges import edges
from tests.unit.frontend.locks import INDEX
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Node = tuple[str, str]
Edge = dict[str, Any]
LOCAL = {
    "api": {"editable": "api"},
    "lib": {"directory": "lib"},
    "root": {"virtual": "."},
    "tool": {"editable": "tool"},
}
REMOTE = ("idna", "numpy", "rich")
WINDOWS = "sys_platform == 'win32'"
EXTRAS = ("fast", "slow")
GROUPS = ("dev", "docs")
EDGES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from((*LOCAL, *REMOTE))},
        optional={
            "extra": st.lists(st.sampled_from(EXTRAS), min_size=1, max_size=2, unique=True),
            "marker": st.sampled_from([WINDOWS, "sys_platform == 'linux'"]),
        },
    ),
    max_size=3,
)
PACKAGE = st.fixed_dictionaries(
    {},
    optional={
        "dependencies": EDGES,
        "optional-dependencies": st.dictionaries(st.sampled_from(EXTRAS), EDGES),
        "dev-dependencies": st.dictionaries(st.sampled_from(GROUPS), EDGES),
    },
)
SELECTIONS = st.builds(
    Selection,
    st.sampled_from(["api", "tool"]),
    st.lists(st.sampled_from(EXTRAS), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(GROUPS), max_size=2, unique=True).map(tuple),
    st.sampled_from([(), ("lib",)]),
)


@dataclass(frozen=True)
class Graph:
    """The packages of a lock by name, and the groups of a root that is no package."""

    packages: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, list[Edge]]

    def lock(self, order: Iterable[str], changed: str = "") -> Lock:
        """Write a lock with its packages in an order; one of them may have another file."""
        document = {
            "version": 1,
            "manifest": {"members": ["api", "root", "tool"], "dependency-groups": self.groups},
            "package": [
                {
                    "name": name,
                    "version": "1",
                    "source": LOCAL.get(name, {"registry": INDEX}),
                    "sdist": {"url": f"{INDEX}/{name}.tar.gz", "size": 2 if name == changed else 1},
                    **self.packages[name],
                }
                for name in order
            ],
        }
        return Lock.parse(SourceFile("uv.lock", tomli_w.dumps(document)))

    def edges(self, node: Node) -> list[Edge]:
        name, extra = node
        table = self.packages[name]
        listed: list[Edge] = (
            table.get("optional-dependencies", {}).get(extra, [])
            if extra
            else table.get("dependencies", [])
        )
        return listed

    def group(self, name: str, group: str) -> list[Edge]:
        listed: list[Edge] = self.packages[name].get("dev-dependencies", {}).get(group, [])
        return listed

    def reachable(self, starts: Iterable[Node], follows: Callable[[Edge], bool]) -> set[Node]:
        """Add what edges lead to until nothing is new."""
        nodes = set(starts)
        while True:
            more = nodes | {n for node in nodes for n in ends(self.edges(node), follows)}
            if more == nodes:
                return nodes
            nodes = more


def ends(listed: Iterable[Edge], follows: Callable[[Edge], bool]) -> set[Node]:
    """Return the nodes that edges lead to."""
    return {
        (edge["name"], extra)
        for edge in listed
        if follows(edge)
        for extra in ("", *edge.get("extra", ()))
    }


def anywhere(edge: Edge) -> bool:
    return bool(edge)


def on_linux(edge: Edge) -> bool:
    return edge.get("marker") != WINDOWS


GRAPHS = st.builds(
    Graph,
    st.fixed_dictionaries(dict.fromkeys((*LOCAL, *REMOTE), PACKAGE)),
    st.dictionaries(st.sampled_from(GROUPS), EDGES),
)


def starts(graph: Graph, selection: Selection, follows: Callable[[Edge], bool]) -> set[Node]:
    """Return the nodes that an image begins with; a group is that of packages and of the root."""
    nodes = {(name, extra) for name in selection.packages for extra in ("", *selection.extras)}
    for group in selection.groups:
        nodes |= ends(graph.groups.get(group, []), follows)
        for name in {*selection.packages, "root"}:
            nodes |= ends(graph.group(name, group), follows)
    return nodes


@given(GRAPHS, SELECTIONS)
def test_local_packages_that_may_be_needed(graph: Graph, selection: Selection) -> None:
    selection = Selection(selection.package, selection.extras, selection.groups)
    nodes = graph.reachable(starts(graph, selection, anywhere), anywhere)
    closure = graph.lock(graph.packages).local_closure(
        selection.package, selection.extras, selection.groups
    )
    assert closure == tuple(sorted({name for name, _ in nodes} & LOCAL.keys()))


@given(GRAPHS, SELECTIONS, st.permutations((*LOCAL, *REMOTE)), st.sampled_from(REMOTE))
def test_a_digest_is_of_what_can_be_reached(
    graph: Graph, selection: Selection, order: list[str], changed: str
) -> None:
    nodes = graph.reachable(starts(graph, selection, on_linux), on_linux)
    digest, local = LockDigest(graph.lock(graph.packages)).of(selection)
    assert local == tuple(sorted({name for name, _ in nodes} & LOCAL.keys()))
    # The order of the packages means nothing; another file of a package that is reached does.
    assert LockDigest(graph.lock(order)).of(selection) == (digest, local)
    other, _ = LockDigest(graph.lock(order, changed)).of(selection)
    assert (other == digest) == ((changed, "") not in nodes)


@given(GRAPHS, SELECTIONS, st.sets(st.sampled_from((*LOCAL, *REMOTE))))
def test_edges_of_a_bill_of_materials(
    graph: Graph, selection: Selection, installed: set[str]
) -> None:
    lock = graph.lock(graph.packages)
    closure = Closure(
        tuple(LockedPackage(n, "1", lock.named(n)[0]) for n in REMOTE if n in installed),
        tuple(lock.local_packages[n] for n in LOCAL if n in installed),
    )
    present = installed | set(selection.packages)

    def follows(edge: Edge) -> bool:
        return edge["name"] in present and on_linux(edge)

    expected: set[Node] = set()
    nodes = {(name, extra) for name in selection.packages for extra in ("", *selection.extras)}
    for group in selection.groups:
        # A group that none of the packages has is the root's, and stands for the first of them.
        owners = [n for n in selection.packages if group in lock.groups(n)]
        grouped = {name: graph.group(name, group) for name in owners} or {
            selection.package: graph.groups.get(group, []) + graph.group("root", group)
        }
        for name, listed in grouped.items():
            nodes |= ends(listed, follows)
            expected |= {(name, edge["name"]) for edge in listed if follows(edge)}
    for node in graph.reachable(nodes, follows):
        expected |= {(node[0], edge["name"]) for edge in graph.edges(node) if follows(edge)}
    assert edges(lock, closure, selection, target()) == tuple(
        sorted(pair for pair in expected if pair[0] != pair[1])
    )
