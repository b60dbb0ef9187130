"""What holds for every definition, whatever the graph."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llb
from llb import encoding
from llb.pb import ops_pb2
from tests.unit.llb.cases import AMD64, BASE, CASES, CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable


def entries(definition: ops_pb2.Definition) -> list[bytes]:
    return list(getattr(definition, "def"))


# --- any graph ------------------------------------------------------------------------------

NAMES = st.text("abcé<\"' ", max_size=4)
METADATA = st.builds(
    llb.Metadata,
    name=NAMES,
    ignore_cache=st.booleans(),
    export_cache=st.sampled_from([None, True, False]),
    description=st.dictionaries(NAMES, NAMES, max_size=2),
    progress_group=st.none() | st.builds(llb.ProgressGroup, st.just("g"), NAMES, st.booleans()),
)
LEAVES: list[llb.Input] = [BASE, CONTEXT, llb.SCRATCH, llb.http("https://example.com/a")]

# A step is a kind of operation, two numbers that choose among the filesystems so far, and metadata.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["files", "copy", "run", "merge", "diff"]),
        st.integers(0, 1000),
        st.integers(0, 1000),
        METADATA,
    ),
    min_size=1,
    max_size=12,
)


def grow(
    steps: list[tuple[str, int, int, llb.Metadata]],
    meta: Callable[[llb.Metadata], llb.Metadata] = lambda meta: meta,
) -> llb.Input:
    made = list(LEAVES)
    for kind, first, second, described in steps:
        one, two = made[first % len(made)], made[second % len(made)]
        new: llb.Input
        match kind:
            case "files":
                new = llb.files(one, llb.Mkfile(f"/{second}", b"x"), meta=meta(described))
            case "copy":
                new = llb.files(one, llb.Copy(two, "/a", "/b"), meta=meta(described))
            case "run":
                step = llb.run(
                    ["true"],
                    mounts=[llb.Bind("/", one), llb.Writable("/a", two), llb.Writable("/b")],
                    platform=AMD64,
                    meta=meta(described),
                )
                new = step.output("/a" if first % 2 else "/b")
            case "merge":
                new = llb.merge(one, two, meta=meta(described))
            case _:
                new = llb.diff(one, two, meta=meta(described))
        made.append(new)
    return made[-1]


@given(STEPS)
def test_every_input_refers_to_an_earlier_entry(
    steps: list[tuple[str, int, int, llb.Metadata]],
) -> None:
    result = grow(steps)
    definition = llb.marshal(result)
    seen: set[str] = set()
    for data in entries(definition):
        op = ops_pb2.Op.FromString(data)
        assert {edge.digest for edge in op.inputs} <= seen
        digest = encoding.digest(data)
        assert digest not in seen
        seen.add(digest)
    assert set(definition.metadata) == seen


@given(STEPS)
def test_the_last_entry_only_names_the_result(
    steps: list[tuple[str, int, int, llb.Metadata]],
) -> None:
    result = grow(steps)
    definition = llb.marshal(result)
    if isinstance(result, llb.Scratch):
        assert definition == ops_pb2.Definition()
        return
    last = ops_pb2.Op.FromString(entries(definition)[-1])
    expected = ops_pb2.Op(inputs=[ops_pb2.Input(digest=result.digest, index=result.index)])
    assert last == expected
    caps = definition.metadata[encoding.digest(entries(definition)[-1])].caps
    assert caps["constraints"]
    assert caps["platform"]
    others = [definition.metadata[encoding.digest(data)] for data in entries(definition)[:-1]]
    assert ("meta.ignorecache" in caps) == any(other.ignore_cache for other in others)
    assert ("meta.description" in caps) == any(other.description for other in others)
    assert ("meta.exportcache" in caps) == any(o.HasField("export_cache") for o in others)


@given(STEPS)
def test_equal_graphs_have_equal_bytes(
    steps: list[tuple[str, int, int, llb.Metadata]],
) -> None:
    one, two = grow(steps), grow(steps)
    assert one == two
    assert hash(one) == hash(two)
    serialised = [llb.marshal(x).SerializeToString(deterministic=True) for x in (one, two)]
    assert serialised[0] == serialised[1]


@given(STEPS)
def test_metadata_does_not_touch_the_operations(
    steps: list[tuple[str, int, int, llb.Metadata]],
) -> None:
    plain = llb.marshal(grow(steps, lambda _: llb.Metadata()))
    described = llb.marshal(grow(steps))
    assert entries(plain) == entries(described)


@given(STEPS)
def test_splicing_gives_the_same_definition_back(
    steps: list[tuple[str, int, int, llb.Metadata]],
) -> None:
    definition = llb.marshal(grow(steps))
    again = llb.marshal(llb.splice(definition))
    assert set(entries(again)) == set(entries(definition))
    assert entries(again)[-1:] == entries(definition)[-1:]
    for digest, message in definition.metadata.items():
        assert again.metadata[digest] == message


# --- sharing and size -----------------------------------------------------------------------


def test_a_shared_operation_is_written_once() -> None:
    def make() -> llb.Output:
        return llb.files(BASE, llb.Mkfile("/a", b"x"))

    shared = make()
    by_identity = llb.files(shared, llb.Copy(shared, "/a", "/b"))
    by_digest = llb.files(make(), llb.Copy(make(), "/a", "/b"))
    assert len(entries(llb.marshal(by_identity))) == 4
    assert entries(llb.marshal(by_identity)) == entries(llb.marshal(by_digest))


def test_a_long_chain_needs_no_recursion() -> None:
    top: llb.Output = BASE
    for number in range(20_000):
        top = llb.files(top, llb.Mkfile("/n", str(number).encode()))
    assert len(entries(llb.marshal(top))) == 20_002


def test_a_ladder_is_walked_once_per_step() -> None:
    # Each step reads the one before twice: 2**4000 paths, 4000 operations.
    started = time.perf_counter()
    top: llb.Output = BASE
    for _ in range(4000):
        top = llb.files(top, llb.Copy(top, "/a", "/b"))
    definition = llb.marshal(top)
    assert len(entries(definition)) == 4002
    assert llb.splice(definition) == top
    assert time.perf_counter() - started < 30


def test_scratch_is_the_empty_definition() -> None:
    assert llb.marshal(llb.SCRATCH) == ops_pb2.Definition()
    assert llb.splice(ops_pb2.Definition()) == llb.SCRATCH


# --- capabilities ---------------------------------------------------------------------------


def test_a_missing_capability_is_reported_with_its_operation() -> None:
    output = llb.files(
        BASE, llb.Symlink("/x", "/app"), meta=llb.Metadata(name="link the application")
    )
    able = llb.Capabilities.of("source.image", "file.base")
    with pytest.raises(llb.UnsupportedCapability) as raised:
        llb.marshal(output, able)
    assert raised.value.capability == "file.symlink.create"
    assert str(raised.value) == (
        "link the application: the engine does not know file.symlink.create,"
        " which BuildKit 0.19 introduced"
    )
    llb.marshal(output, llb.Capabilities.of("source.image", "file.base", "file.symlink.create"))


def test_a_foreign_operation_is_left_to_the_engine() -> None:
    foreign = llb.splice(llb.marshal(llb.files(BASE, llb.Symlink("/x", "/app"))))
    definition = llb.marshal(foreign, llb.Capabilities.of())
    assert definition.metadata[foreign.digest].caps["file.symlink.create"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", CASES)
def test_an_engine_with_the_listed_capabilities_takes_the_case(name: str) -> None:
    output = CASES[name]()
    needed: set[str] = set()
    pending = [output.vertex]
    while pending:
        vertex = pending.pop()
        needed |= vertex.required
        pending.extend(vertex.inputs)
    llb.marshal(output, llb.Capabilities.of(*needed))
    for capability in needed:
        with pytest.raises(llb.UnsupportedCapability):
            llb.marshal(output, llb.Capabilities.of(*(needed - {capability})))


# --- values ---------------------------------------------------------------------------------


def test_values_cannot_be_changed() -> None:
    for value, attribute in ((BASE, "index"), (BASE.vertex, "data"), (AMD64, "os")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, attribute, None)
    with pytest.raises(TypeError):
        llb.Metadata(description={"a": "b"}).description["a"] = "c"  # type: ignore[index]


def test_outputs_tell_what_they_are_for() -> None:
    step = llb.run(["true"], mounts=[llb.Bind("/", BASE), llb.Writable("/o")])
    assert step.output("/o").platform == AMD64
    assert llb.files(step.output("/o"), llb.Rm("/x")).platform == AMD64
    assert llb.merge(BASE, CONTEXT).platform == AMD64
    assert llb.diff(BASE, step.output("/o")).platform == AMD64
    assert CONTEXT.platform is None
    assert llb.SCRATCH.platform is None
    assert repr(step.output("/o")).startswith("Output('true', 0, sha256:")
