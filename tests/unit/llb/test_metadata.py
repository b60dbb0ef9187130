"""What is recorded beside an operation: titles, groups, cache handling, places in files."""

from __future__ import annotations

import pytest

import llb
from llb.pb import ops_pb2
from tests.unit.llb.cases import AMD64, CONTEXT

LOADED_FROM = llb.marshal(CONTEXT).SerializeToString(deterministic=True)
PYPROJECT = llb.SourceFile("pyproject.toml", b"[project]\nname = 'x'\n", "TOML", LOADED_FROM)
SPEC = llb.SourceFile("Dockerfile", b"# syntax=x\npackage = 'x'\n", "TOML")


def described(meta: llb.Metadata) -> ops_pb2.OpMetadata:
    output = llb.image("debian", platform=AMD64, meta=meta)
    return llb.marshal(output).metadata[output.digest]


def test_everything_that_can_be_said() -> None:
    message = described(
        llb.Metadata(
            name="[1/2] FROM debian",
            progress_group=llb.ProgressGroup("g", "group", weak=True),
            ignore_cache=True,
            export_cache=False,
            description={"com.example": "x"},
            resources=llb.LinuxResources(1 << 30, -1, 512, 100_000, 50_000, "0-3", "0"),
        )
    )
    expected = ops_pb2.OpMetadata(
        ignore_cache=True,
        description={"llb.customname": "[1/2] FROM debian", "com.example": "x"},
        export_cache=ops_pb2.ExportCache(Value=False),
        caps={"source.image": True, "exec.meta.linux.resources": True},
        progress_group=ops_pb2.ProgressGroup(id="g", name="group", weak=True),
        linux_resources=ops_pb2.LinuxResources(
            memory=1 << 30,
            memorySwap=-1,
            cpuShares=512,
            cpuPeriod=100_000,
            cpuQuota=50_000,
            cpusetCpus="0-3",
            cpusetMems="0",
        ),
    )
    assert message == expected
    assert message.HasField("export_cache")


def test_nothing_said_is_nothing_written() -> None:
    assert described(llb.Metadata()) == ops_pb2.OpMetadata(caps={"source.image": True})


def test_one_operation_described_twice() -> None:
    first = llb.image(
        "debian",
        platform=AMD64,
        meta=llb.Metadata(
            name="one", ignore_cache=True, progress_group=llb.ProgressGroup("g", "first", weak=True)
        ),
    )
    second = llb.image("debian", platform=AMD64, meta=llb.Metadata(name="two"))
    third = llb.image(
        "debian",
        platform=AMD64,
        meta=llb.Metadata(name="two", progress_group=llb.ProgressGroup("h", "third")),
    )
    both = llb.files(llb.SCRATCH, llb.Copy(first, "/a", "/a"), llb.Copy(second, "/b", "/b"))
    message = llb.marshal(both).metadata[first.digest]
    assert message.description["llb.customname"] == "two"
    assert message.ignore_cache
    assert message.progress_group == ops_pb2.ProgressGroup(id="g", name="first", weak=True)

    other = llb.files(llb.SCRATCH, llb.Copy(first, "/a", "/a"), llb.Copy(third, "/b", "/b"))
    assert llb.marshal(other).metadata[first.digest].progress_group == ops_pb2.ProgressGroup(
        id="h", name="third"
    )


def test_a_progress_group_needs_an_id() -> None:
    with pytest.raises(ValueError, match="progress group needs an id"):
        llb.ProgressGroup("", "name")


# --- source maps ----------------------------------------------------------------------------


def test_locations_stand_under_the_digest_of_their_operation() -> None:
    base = llb.image(
        "debian", platform=AMD64, meta=llb.Metadata(locations=(llb.Location(SPEC, 2, 2),))
    )
    same_file = llb.SourceFile("pyproject.toml", b"[project]\nname = 'x'\n", "TOML", LOADED_FROM)
    top = llb.files(
        base,
        llb.Rm("/a"),
        meta=llb.Metadata(locations=(llb.Location(PYPROJECT, 1, 2), llb.Location(same_file, 2, 2))),
    )
    source = llb.marshal(top).Source

    assert [info.filename for info in source.infos] == ["Dockerfile", "pyproject.toml"]
    assert source.infos[1].data == PYPROJECT.data
    assert source.infos[1].language == "TOML"
    assert source.infos[1].definition == llb.marshal(CONTEXT)
    assert not source.infos[0].HasField("definition")
    assert set(source.locations) == {base.digest, top.digest}
    found = [
        (place.sourceIndex, [(lines.start.line, lines.end.line) for lines in place.ranges])
        for place in source.locations[top.digest].locations
    ]
    assert found == [(1, [(1, 2)]), (1, [(2, 2)])]


def test_a_place_named_twice_is_kept_once() -> None:
    def make() -> llb.Output:
        return llb.image(
            "debian", platform=AMD64, meta=llb.Metadata(locations=(llb.Location(SPEC, 1, 1),))
        )

    source = llb.marshal(llb.merge(make(), make())).Source
    assert len(source.locations[make().digest].locations) == 1
    assert len(source.infos) == 1


@pytest.mark.parametrize(("start", "end"), [(0, 1), (2, 1), (-1, -1)])
def test_lines_count_from_one(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="lines count from 1"):
        llb.Location(SPEC, start, end)
