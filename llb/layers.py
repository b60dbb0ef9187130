"""Combining filesystems without copying: merge and diff.

Both reuse layers as they are. Engines may lack them or, with some storage, have them switched off:
see `Capabilities.supports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from llb import capabilities
from llb.graph import SCRATCH, Draft, Input, Operation, Output, Scratch, Vertex
from llb.metadata import NO_METADATA, Metadata

if TYPE_CHECKING:
    from llb.platform import Platform


@dataclass(frozen=True, slots=True)
class Merge(Operation):
    """Filesystems laid on top of each other, the first at the bottom."""

    kind: ClassVar[str] = "merge"

    inputs: tuple[Output, ...]

    @property
    def platform(self) -> Platform | None:
        """That of the lowest filesystem."""
        return self.inputs[0].platform

    def validate(self) -> None:
        """Raise ValueError for fewer than two filesystems."""
        if len(self.inputs) < 2:
            raise ValueError("a merge needs at least two filesystems")

    def encode(self, draft: Draft) -> None:
        """Write the merge into `draft`."""
        draft.require(capabilities.MERGE)
        for source in self.inputs:
            # The same filesystem twice is two inputs: its place in the order counts.
            draft.body.merge.inputs.add(input=draft.repeated_input(source))


@dataclass(frozen=True, slots=True)
class Diff(Operation):
    """What has to be laid on `lower` to get `upper`."""

    kind: ClassVar[str] = "diff"

    lower: Output
    upper: Input

    @property
    def platform(self) -> Platform | None:
        """That of the lower filesystem."""
        return self.lower.platform

    def validate(self) -> None:
        """Any two filesystems can be compared."""

    def encode(self, draft: Draft) -> None:
        """Write the diff into `draft`."""
        draft.require(capabilities.DIFF)
        draft.body.diff.lower.input = draft.repeated_input(self.lower)
        draft.body.diff.upper.input = (
            draft.input(self.upper)
            if isinstance(self.upper, Scratch)
            else draft.repeated_input(self.upper)
        )


def merge(*inputs: Input, meta: Metadata = NO_METADATA) -> Input:
    """The filesystems on top of each other, the first at the bottom.

    Empty filesystems make no difference and are left out; one that remains is returned as it is.
    """
    filled = tuple(source for source in inputs if isinstance(source, Output))
    if not filled:
        return SCRATCH
    if len(filled) == 1:
        return filled[0]
    return Output(Vertex.of(Merge(filled), meta))


def diff(lower: Input, upper: Input, meta: Metadata = NO_METADATA) -> Input:
    """What has to be laid on `lower` to get `upper`: on an empty `lower`, `upper` itself."""
    if isinstance(lower, Scratch):
        return upper
    return Output(Vertex.of(Diff(lower, upper), meta))
