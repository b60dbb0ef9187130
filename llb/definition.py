"""From a graph to the message that an engine takes, and back from one made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llb import capabilities, encoding
from llb.graph import SCRATCH, Input, Output, Scratch, Vertex
from llb.metadata import combine
from llb.pb import ops_pb2
from llb.platform import Platform
from llb.sourcemap import ForeignLocation, Location, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llb.capabilities import Capabilities


def marshal(source: Input, caps: Capabilities | None = None) -> ops_pb2.Definition:
    """The definition that produces `source`; an empty one for `SCRATCH`.

    With `caps`, what every operation needs is checked first: UnsupportedCapability names the
    operation. Operations of a spliced definition are left to the engine to judge.
    """
    definition = ops_pb2.Definition()
    if isinstance(source, Scratch):
        return definition
    metadata: dict[str, ops_pb2.OpMetadata] = {}
    places = _SourceMap()
    for vertex in _bottom_up(source.vertex):
        if caps is not None and vertex.operation is not None:
            for capability in sorted(vertex.required):
                caps.require(capability, vertex.title)
        described = ops_pb2.OpMetadata.FromString(vertex.metadata)
        if vertex.digest in metadata:
            combine(metadata[vertex.digest], described)
        else:
            metadata[vertex.digest] = described
            _operations(definition).append(vertex.data)
        places.add(vertex)
    end = ops_pb2.Op()
    end.inputs.add(digest=source.digest, index=source.index)
    data = end.SerializeToString(deterministic=True)
    _operations(definition).append(data)
    metadata[encoding.digest(data)] = _end(metadata)
    for digest, message in metadata.items():
        definition.metadata[digest].CopyFrom(message)
    definition.Source.CopyFrom(places.to_proto())
    return definition


def splice(definition: ops_pb2.Definition) -> Input:
    """The filesystem that a definition made elsewhere produces, to be used in a graph of our own.

    Its operations keep their bytes, and so their digests; their metadata and source locations come
    along. Raises ValueError if the definition does not hang together.
    """
    encoded = _operations(definition)
    if not encoded:
        return SCRATCH
    ops = {encoding.digest(data): (data, ops_pb2.Op.FromString(data)) for data in encoded}
    end = ops_pb2.Op.FromString(encoded[-1])
    if len(end.inputs) != 1 or end.WhichOneof("op") is not None or len(ops) < 2:
        raise ValueError("the last entry of a definition names its one result, here it does not")
    locations = _foreign_locations(definition.Source)
    made: dict[str, Vertex] = {}
    pending = [end.inputs[0].digest]
    while pending:
        digest = pending[-1]
        if digest in made:
            pending.pop()
            continue
        if digest not in ops:
            raise ValueError(f"a definition refers to {digest}, which is not in it")
        data, op = ops[digest]
        missing = [edge.digest for edge in op.inputs if edge.digest not in made]
        if missing:
            # This ends: an operation cannot contain its own digest, so there are no cycles.
            pending.extend(missing)
            continue
        description = definition.metadata.get(digest, ops_pb2.OpMetadata())
        made[digest] = Vertex(
            data=data,
            digest=digest,
            inputs=tuple({edge.digest: made[edge.digest] for edge in op.inputs}.values()),
            metadata=description.SerializeToString(deterministic=True),
            required=frozenset(description.caps),
            locations=locations.get(digest, ()),
            platform=_platform(op, made),
            title=description.description.get("llb.customname", "") or op.WhichOneof("op") or "",
        )
        pending.pop()
    return Output(made[end.inputs[0].digest], end.inputs[0].index)


class _SourceMap:
    """Collects the locations of a graph's operations, each file once."""

    def __init__(self) -> None:
        self._files: dict[SourceFile | bytes, int] = {}
        self._ranges: dict[str, list[ops_pb2.Location]] = {}

    def add(self, vertex: Vertex) -> None:
        for location in vertex.locations:
            if isinstance(location, Location):
                message = ops_pb2.Location()
                lines = message.ranges.add()
                lines.start.line, lines.end.line = location.start, location.end
                file: SourceFile | bytes = location.file
            else:
                message = ops_pb2.Location.FromString(location.location)
                file = location.info
            message.sourceIndex = self._files.setdefault(file, len(self._files))
            known = self._ranges.setdefault(vertex.digest, [])
            if message not in known:
                known.append(message)

    def to_proto(self) -> ops_pb2.Source:
        source = ops_pb2.Source()
        for file in self._files:
            if isinstance(file, bytes):
                source.infos.append(ops_pb2.SourceInfo.FromString(file))
            else:
                source.infos.append(source_info(file))
        for digest, locations in self._ranges.items():
            source.locations[digest].locations.extend(locations)
        return source


def source_info(file: SourceFile) -> ops_pb2.SourceInfo:
    """The file as a message, with the definition it was loaded by."""
    info = ops_pb2.SourceInfo(filename=file.filename, data=file.data, language=file.language)
    if file.definition is not None:
        info.definition.CopyFrom(ops_pb2.Definition.FromString(file.definition))
    return info


def _bottom_up(last: Vertex) -> Iterator[Vertex]:
    """Every vertex once, after all it reads from. Not recursive: graphs can be thousands deep."""
    seen = {id(last)}
    stack = [(last, iter(last.inputs))]
    while stack:
        vertex, rest = stack[-1]
        for below in rest:
            if id(below) not in seen:
                seen.add(id(below))
                stack.append((below, iter(below.inputs)))
                break
        else:
            stack.pop()
            yield vertex


def _end(metadata: dict[str, ops_pb2.OpMetadata]) -> ops_pb2.OpMetadata:
    """The metadata of the entry that names the result: what the others make use of."""
    end = ops_pb2.OpMetadata()
    end.caps[capabilities.CONSTRAINTS] = True
    end.caps[capabilities.PLATFORM] = True
    for message in metadata.values():
        if message.ignore_cache:
            end.caps[capabilities.META_IGNORE_CACHE] = True
        if message.description:
            end.caps[capabilities.META_DESCRIPTION] = True
        if message.HasField("export_cache"):
            end.caps[capabilities.META_EXPORT_CACHE] = True
    return end


def _operations(definition: ops_pb2.Definition) -> list[bytes]:
    # The field's name is a keyword of Python.
    operations: list[bytes] = getattr(definition, "def")
    return operations


def _foreign_locations(source: ops_pb2.Source) -> dict[str, tuple[ForeignLocation, ...]]:
    infos = [info.SerializeToString(deterministic=True) for info in source.infos]
    found: dict[str, tuple[ForeignLocation, ...]] = {}
    for digest, locations in source.locations.items():
        for location in locations.locations:
            if not 0 <= location.sourceIndex < len(infos):
                raise ValueError(
                    f"a definition places {digest} in file number {location.sourceIndex},"
                    f" but has {len(infos)} files"
                )
        found[digest] = tuple(
            ForeignLocation(infos[location.sourceIndex], location.SerializeToString())
            for location in locations.locations
        )
    return found


def _platform(op: ops_pb2.Op, made: dict[str, Vertex]) -> Platform | None:
    """The platform an operation names, or else that of its first input."""
    if op.platform.OS and op.platform.Architecture:
        return Platform.from_proto(op.platform)
    return made[op.inputs[0].digest].platform if op.inputs else None
