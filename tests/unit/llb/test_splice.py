"""Using a definition that somebody else made."""

from __future__ import annotations

import pytest

import llb
from llb import encoding
from llb.pb import ops_pb2
from tests.unit.llb.cases import AMD64, BASE


def foreign() -> ops_pb2.Definition:
    """A definition as another program would write it: field order by number, two outputs."""
    image = ops_pb2.Op(source=ops_pb2.SourceOp(identifier="docker-image://docker.io/library/x:1"))
    image.platform.OS, image.platform.Architecture = "linux", "s390x"
    first = image.SerializeToString()
    step = ops_pb2.Op(
        inputs=[ops_pb2.Input(digest=encoding.digest(first))],
        exec=ops_pb2.ExecOp(meta=ops_pb2.Meta(args=["x"], cwd="/")),
    )
    # A field nobody knows yet, in the operation and in its metadata.
    second = step.SerializeToString() + b"\xfa\x07\x03new"
    end = ops_pb2.Op(inputs=[ops_pb2.Input(digest=encoding.digest(second), index=3)])
    last = end.SerializeToString()
    definition = ops_pb2.Definition()
    getattr(definition, "def").extend([first, second, last])
    definition.metadata[encoding.digest(first)].description["llb.customname"] = "theirs"
    definition.metadata[encoding.digest(second)].MergeFromString(b"\xfa\x07\x03new")
    definition.metadata[encoding.digest(last)].caps["constraints"] = True
    definition.Source.infos.add(filename="unused")
    definition.Source.infos.add(filename="theirs.hcl", data=b"x\n", language="HCL")
    place = definition.Source.locations[encoding.digest(second)].locations.add(sourceIndex=1)
    lines = place.ranges.add()
    lines.start.line, lines.start.character, lines.end.line = 1, 7, 1
    return definition


def test_bytes_metadata_and_places_come_along() -> None:
    theirs = foreign()
    first, second, _ = getattr(theirs, "def")
    start = llb.splice(theirs)
    assert isinstance(start, llb.Output)
    assert (start.digest, start.index) == (encoding.digest(second), 3)
    assert start.platform == llb.Platform("linux", "s390x")

    ours = llb.SourceFile("Dockerfile", b"y\n")
    top = llb.files(
        BASE,
        llb.Copy(start, "/a", "/b"),
        meta=llb.Metadata(locations=(llb.Location(ours, 1, 1),)),
    )
    definition = llb.marshal(top)
    assert {first, second} <= set(getattr(definition, "def"))
    for data in (first, second):
        digest = encoding.digest(data)
        assert definition.metadata[digest] == theirs.metadata[digest]
    # Their last entry is not an operation, and stays behind with what was said of it.
    assert len(definition.metadata) == 5
    infos = definition.Source.infos
    assert sorted(info.filename for info in infos) == ["Dockerfile", "theirs.hcl"]
    (place,) = definition.Source.locations[start.digest].locations
    assert infos[place.sourceIndex] == theirs.Source.infos[1]
    assert place.ranges == theirs.Source.locations[start.digest].locations[0].ranges
    (own,) = definition.Source.locations[top.digest].locations
    assert infos[own.sourceIndex].filename == "Dockerfile"


def test_an_entry_may_stand_before_what_it_needs() -> None:
    theirs = foreign()
    first, second, last = getattr(theirs, "def")
    shuffled = ops_pb2.Definition()
    getattr(shuffled, "def").extend([second, first, last])
    assert llb.splice(shuffled) == llb.splice(theirs)


def test_what_the_result_does_not_need_is_left_out() -> None:
    theirs = llb.marshal(BASE)
    last = getattr(theirs, "def").pop()
    getattr(theirs, "def").append(llb.image("busybox", platform=AMD64).vertex.data)
    getattr(theirs, "def").append(last)
    assert getattr(llb.marshal(llb.splice(theirs)), "def") == getattr(llb.marshal(BASE), "def")


def test_a_definition_whose_end_is_an_operation_is_refused() -> None:
    definition = ops_pb2.Definition()
    getattr(definition, "def").append(BASE.vertex.data)
    with pytest.raises(ValueError, match="names its one result"):
        llb.splice(definition)


def test_a_missing_entry_is_named() -> None:
    theirs = foreign()
    del getattr(theirs, "def")[0]
    with pytest.raises(ValueError, match=r"refers to sha256:[0-9a-f]{64}, which is not in it"):
        llb.splice(theirs)


def test_a_place_in_a_file_that_is_not_there_is_refused() -> None:
    theirs = foreign()
    del theirs.Source.infos[:]
    with pytest.raises(ValueError, match="in file number 1, but has 0 files"):
        llb.splice(theirs)
