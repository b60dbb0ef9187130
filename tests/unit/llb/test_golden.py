"""The bytes of every operation and option, and that they are those of BuildKit's Go client."""

from __future__ import annotations

from pathlib import Path

import pytest

from llb.pb import ops_pb2
from tests.unit.llb import golden
from tests.unit.llb.cases import CASES

# Made by BuildKit's own Go client from the same graphs.
GO = {
    name: (digest, int(index), frozenset(capabilities.split()))
    for name, digest, index, capabilities in (
        line.split("\t")
        for line in Path(__file__).with_name("go_digests.txt").read_text().splitlines()
    )
}

# What this library records and Go's client does not, although both write the same fields: it leaves
# these to its callers, or (for files) collects them before there are any actions.
NOT_RECORDED_BY_GO = {
    "exec.meta.setsdefaultpath",
    "exec.meta.cgroup.parent",
    "exec.mount.bind.readwrite-nooutput",
    "source.git.subdir",
    "file.copy.includeexcludepatterns",
    "file.copy.requiredpaths",
    "file.copy.alwaysreplaceexistingdestpaths",
    "file.rm.wildcard",
    "file.symlink.create",
}


@pytest.mark.parametrize("name", CASES)
def test_operation_is_as_reviewed(name: str) -> None:
    assert golden.shown(name) == golden.read()[name]


def test_golden_file_and_oracle_have_exactly_these_cases() -> None:
    assert list(golden.read()) == list(CASES)
    assert list(GO) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_digest_is_that_of_go(name: str) -> None:
    output = CASES[name]()
    assert (output.digest, output.index) == GO[name][:2]


@pytest.mark.parametrize("name", CASES)
def test_capabilities_are_those_of_go_and_the_ones_it_forgets(name: str) -> None:
    required = CASES[name]().vertex.required
    assert required >= GO[name][2]
    assert required - GO[name][2] <= NOT_RECORDED_BY_GO


@pytest.mark.parametrize("name", CASES)
def test_the_kind_of_operation_comes_last(name: str) -> None:
    data = CASES[name]().vertex.data
    op = ops_pb2.Op.FromString(data)
    kind = op.WhichOneof("op")
    assert kind is not None
    head = ops_pb2.Op(inputs=op.inputs, constraints=op.constraints)
    if op.HasField("platform"):
        head.platform.CopyFrom(op.platform)
    start = head.SerializeToString(deterministic=True)

    assert data.startswith(start)
    assert ops_pb2.Op.FromString(data[len(start) :]) == ops_pb2.Op(**{kind: getattr(op, kind)})
    # Written by number, the kind stands before platform and constraints: other bytes.
    assert data != op.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", CASES)
def test_constraints_are_always_and_a_platform_only_sometimes_written(name: str) -> None:
    op = ops_pb2.Op.FromString(CASES[name]().vertex.data)
    assert op.HasField("constraints")
    specific = op.WhichOneof("op") == "exec" or op.source.identifier.startswith(
        ("docker-image://", "oci-layout://")
    )
    assert op.HasField("platform") == specific
