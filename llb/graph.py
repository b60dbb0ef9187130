"""Operations, the filesystems they produce, and the graph these make.

The graph is built from its leaves: an operation is checked and serialised when it is made, so a
value that exists is valid, its digest is known, and no later step has to recurse through the graph.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from llb import encoding
from llb.metadata import NO_METADATA, Metadata
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from llb.platform import Platform
    from llb.sourcemap import ForeignLocation, Location

NONE: Final = -1  # no input, no output: 0 is the first one


class Scratch:
    """The empty filesystem. There is one value, `SCRATCH`."""

    __slots__ = ()

    platform: ClassVar[None] = None

    def __repr__(self) -> str:
        return "SCRATCH"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scratch)

    def __hash__(self) -> int:
        return hash(Scratch)


SCRATCH: Final = Scratch()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Output:
    """One filesystem that an operation produces.

    Two outputs are equal if their operations have the same bytes, whatever their metadata says.
    """

    vertex: Vertex
    index: int = 0

    @property
    def digest(self) -> str:
        """The digest of the operation, under which the engine knows it."""
        return self.vertex.digest

    @property
    def platform(self) -> Platform | None:
        """The platform of its contents, as far as the operations below tell."""
        return self.vertex.platform

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Output):
            return NotImplemented
        return (self.digest, self.index) == (other.digest, other.index)

    def __hash__(self) -> int:
        return hash((self.digest, self.index))

    def __repr__(self) -> str:
        return f"Output({self.vertex.title!r}, {self.index}, {self.digest[:19]})"


Input: TypeAlias = Output | Scratch


class Draft:
    """The operation being written: an operation encodes itself into one of these.

    `body` takes the kind of operation; inputs, platform and capabilities are added by the methods.
    """

    def __init__(self) -> None:
        self.body = ops_pb2.Op()
        self.required: set[str] = set()
        self._head = ops_pb2.Op()
        # Go's client always writes this message, empty as it is, and it is part of the digest.
        self._head.constraints.SetInParent()
        self._indices: dict[Output, int] = {}
        self._vertices: dict[int, Vertex] = {}

    def input(self, source: Input) -> int:
        """The index of `source` among the inputs; the same one for the same filesystem."""
        if isinstance(source, Scratch):
            return NONE
        if source not in self._indices:
            self._indices[source] = self.repeated_input(source)
        self._vertices[id(source.vertex)] = source.vertex
        return self._indices[source]

    def repeated_input(self, source: Output) -> int:
        """The index of a new input, even if the same filesystem is one already."""
        self._head.inputs.add(digest=source.digest, index=source.index)
        self._vertices[id(source.vertex)] = source.vertex
        return len(self._head.inputs) - 1

    @property
    def input_count(self) -> int:
        """How many inputs there are so far."""
        return len(self._head.inputs)

    def on(self, platform: Platform | None) -> None:
        """Tie the operation to a platform; None leaves it to the engine's default."""
        if platform is not None:
            self._head.platform.CopyFrom(platform.to_proto())

    def require(self, capability: str) -> None:
        """Record what an engine must know to read the field being written."""
        self.required.add(capability)

    def data(self) -> bytes:
        """The operation's bytes."""
        return encoding.canonical(self._head, self.body)

    def vertices(self) -> tuple[Vertex, ...]:
        """The operations it reads from. Two with the same bytes both count: metadata may differ."""
        return tuple(self._vertices.values())


class Operation(ABC):
    """One kind of operation with its arguments; a frozen dataclass in each of the modules."""

    __slots__ = ()

    kind: ClassVar[str]

    @property
    @abstractmethod
    def platform(self) -> Platform | None:
        """The platform of what it produces, None if unknown."""

    @abstractmethod
    def validate(self) -> None:
        """Raise ValueError for arguments that no engine would accept."""

    @abstractmethod
    def encode(self, draft: Draft) -> None:
        """Write the operation into `draft`: its message, its inputs and what it needs."""

    @property
    def title(self) -> str:
        """A few words for messages about it."""
        return self.kind


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Vertex:
    """An operation in its serialised form, with what is known about it.

    `operation` is None for a vertex of a definition made elsewhere. `metadata` is a serialised
    `pb.OpMetadata`: in bytes it is immutable, and of a foreign one nothing is lost.
    """

    data: bytes
    digest: str
    inputs: tuple[Vertex, ...]
    metadata: bytes = b""
    required: frozenset[str] = frozenset()
    locations: tuple[Location | ForeignLocation, ...] = ()
    platform: Platform | None = None
    title: str = ""
    operation: Operation | None = field(default=None)

    @classmethod
    def of(cls, operation: Operation, meta: Metadata = NO_METADATA) -> Vertex:
        """Check and serialise an operation. Raises ValueError if it is invalid."""
        operation.validate()
        draft = Draft()
        operation.encode(draft)
        data = draft.data()
        metadata = meta.to_proto(draft.required)
        return cls(
            data=data,
            digest=encoding.digest(data),
            inputs=draft.vertices(),
            metadata=metadata.SerializeToString(deterministic=True),
            required=frozenset(draft.required),
            locations=meta.locations,
            platform=operation.platform,
            title=meta.name or operation.title,
            operation=operation,
        )

    def __repr__(self) -> str:
        return f"Vertex({self.title!r}, {self.digest[:19]})"
