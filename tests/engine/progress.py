"""What a build did, read from `docker buildx build --progress=rawjson`."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Vertex:
    """One step of a build: an operation, or a phase of the build itself."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    cached: bool = False
    started: str = ""  # RFC 3339; empty: never started
    completed: str = ""
    error: str = ""
    log: str = ""
    progress_group: str = ""

    @property
    def executed(self) -> bool:
        """Whether the work was done in this build, rather than found in the cache.

        A step that BuildKit begins and drops at once, since the cache had its result after all, is
        reported as cancelled and never ran.
        """
        return bool(self.started) and not self.cached and "context canceled" not in self.error


@dataclass(frozen=True)
class Notice:
    """One warning of a build."""

    vertex: str
    short: str
    detail: tuple[str, ...] = ()
    url: str = ""
    filename: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Progress:
    """All vertexes in the order of their first mention, and the text between the JSON."""

    vertexes: tuple[Vertex, ...] = ()
    warnings: tuple[Notice, ...] = ()
    text: str = ""  # what the client itself printed: above all the error with its excerpt

    def named(self, part: str) -> tuple[Vertex, ...]:
        """The vertexes whose name contains `part`."""
        return tuple(vertex for vertex in self.vertexes if part in vertex.name)

    @property
    def executed(self) -> tuple[Vertex, ...]:
        """The vertexes whose work was done in this build."""
        return tuple(vertex for vertex in self.vertexes if vertex.executed)


@dataclass
class _Draft:
    record: dict[str, Any] = field(default_factory=dict)
    log: list[bytes] = field(default_factory=list)


def parse(output: str) -> Progress:
    """Read the error stream of a build; lines that are no progress are kept as text."""
    drafts: dict[str, _Draft] = {}
    warnings: list[Notice] = []
    text: list[str] = []
    for line in output.splitlines():
        status = _status(line)
        if status is None:
            text.append(line)
            continue
        for record in status.get("vertexes") or ():
            # Later records complete earlier ones; a field once set is not taken back.
            known = drafts.setdefault(record["digest"], _Draft()).record
            known.update({key: value for key, value in record.items() if value})
        for entry in status.get("logs") or ():
            if entry.get("data"):
                data = base64.b64decode(entry["data"])
                drafts.setdefault(entry["vertex"], _Draft()).log.append(data)
        warnings += [_warning(record) for record in status.get("warnings") or ()]
    vertexes = tuple(_vertex(digest, draft) for digest, draft in drafts.items())
    return Progress(vertexes, tuple(warnings), "\n".join(text).strip())


def _status(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    known = {"vertexes", "statuses", "logs", "warnings"}
    return value if isinstance(value, dict) and known & value.keys() else None


def _vertex(digest: str, draft: _Draft) -> Vertex:
    record = draft.record
    return Vertex(
        digest=digest,
        name=record.get("name", ""),
        inputs=tuple(record.get("inputs", ())),
        cached=record.get("cached", False),
        started=record.get("started", ""),
        completed=record.get("completed", ""),
        error=record.get("error", ""),
        log=b"".join(draft.log).decode(errors="replace"),
        progress_group=(record.get("progressGroup") or {}).get("name", ""),
    )


def _warning(record: dict[str, Any]) -> Notice:
    ranges = record.get("range") or ()
    return Notice(
        vertex=record.get("vertex", ""),
        short=base64.b64decode(record.get("short", "")).decode(errors="replace"),
        detail=tuple(
            base64.b64decode(part).decode(errors="replace") for part in record.get("detail") or ()
        ),
        url=record.get("url", ""),
        filename=(record.get("sourceInfo") or {}).get("filename", ""),
        lines=tuple(part.get("start", {}).get("line", 0) for part in ranges),
    )
