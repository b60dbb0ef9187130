"""Which lines of which file an operation comes from.

BuildKit stores this beside the graph, under the digests of the operations, and prints the lines as
an excerpt when an operation fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A whole file, under the name that the user knows.

    `language` is linguist's name for it (`TOML`). `definition` is the graph that the file was
    loaded from, a serialised Definition (`marshal(…).SerializeToString(deterministic=True)`);
    BuildKit records it in the provenance of the build. The file travels with the graph, and is
    repeated in provenance and messages: use small files, not lock files of megabytes.
    """

    filename: str
    data: bytes = field(repr=False)
    language: str = ""
    definition: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Location:
    """Lines `start` to `end` of a file, counted from 1, both included."""

    file: SourceFile
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 1 <= self.start <= self.end:
            raise ValueError(
                f"lines {self.start} to {self.end} of {self.file.filename}:"
                " lines count from 1, the last not before the first"
            )


@dataclass(frozen=True, slots=True)
class ForeignLocation:
    """A location in a definition made elsewhere: its serialised SourceInfo and Location.

    Kept as bytes so that fields unknown here are not lost. The index in `location` is meaningless.
    """

    info: bytes = field(repr=False)
    location: bytes = field(repr=False)
