"""All that a frontend sent, as text: the same for every run, and short enough to be read."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.graphs.describe import describe, digest_of, short, steady
from tests.graphs.protobuf import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.gateway import GatewayServer, Outcome
    from tests.graphs.protobuf import gateway_pb2

_LONGEST_LABEL = 200
_LONGEST_ANSWER = 12_000
_CONFIG = "containerimage.config"


@dataclass(frozen=True)
class _Vertex:
    """An operation of a definition: its written digest, bytes and metadata."""

    digest: str
    data: bytes
    metadata: ops_pb2.OpMetadata
    lines: str


def text(server: GatewayServer, outcome: Outcome, *, complete: bool) -> str:
    """Write down a run: looks at images, graphs, warnings, and what was returned.

    The first two only if they are `complete`.
    """
    graphs = {
        "looked up": sorted(_lookups(server)),
        "solved": sorted(set(_solves(server))),
        "vertices": sorted(set(_listed(server))),
        "capabilities": [" ".join(sorted(_capabilities(server)))],
    }
    parts = {
        **(graphs if complete else {}),
        "warnings": [line for each in sorted(map(_warning, server.warnings)) for line in each],
        "failure": _failure(outcome),
        "returned": _returned(server, outcome),
        "standard error": outcome.stderr.splitlines(),
    }
    blocks = ("\n".join([f"== {title}", *lines]) for title, lines in parts.items() if any(lines))
    return "\n\n".join(blocks) + "\n"


def vertices(server: GatewayServer) -> dict[str, str]:
    """Describe every vertex that was sent, by its written digest."""
    return {each.digest: describe(each.data) for each in _vertices(server)}


def _vertices(server: GatewayServer) -> Iterator[_Vertex]:
    for definition in server.definitions:
        for data in getattr(definition, "def")[:-1]:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            kept = steady(data)
            yield _Vertex(
                digest_of(kept), kept, definition.metadata[digest], _lines(definition, digest)
            )


def _lines(definition: ops_pb2.Definition, digest: str) -> str:
    """The lines of files that a vertex comes from."""
    if digest not in definition.Source.locations:
        return ""
    written = []
    for location in definition.Source.locations[digest].locations:
        name = definition.Source.infos[location.sourceIndex].filename
        written.append(f"{name}:{_ranges(location.ranges)}")
    return f" ({', '.join(written)})"


def _ranges(ranges: Iterable[ops_pb2.Range]) -> str:
    return ",".join(
        f"{each.start.line}-{each.end.line}"
        if each.end.line != each.start.line
        else str(each.start.line)
        for each in ranges
    )


def _listed(server: GatewayServer) -> Iterator[str]:
    for each in _vertices(server):
        metadata = each.metadata
        description = dict(metadata.description)
        name = description.pop("llb.customname", "")
        flags = " no-cache" if metadata.ignore_cache else ""
        if metadata.HasField("progress_group"):
            flags += f" group={metadata.progress_group.name}"
        if metadata.HasField("linux_resources"):
            fields = metadata.linux_resources.ListFields()
            flags += " " + ",".join(f"{field.name}={value}" for field, value in fields)
        if metadata.HasField("export_cache"):
            flags += f" export={metadata.export_cache.Value}"
        flags += "".join(f" {key}={value}" for key, value in sorted(description.items()))
        yield f"{name or '-'}{flags}{each.lines} {each.digest}"


def _capabilities(server: GatewayServer) -> set[str]:
    return {
        capability
        for definition in server.definitions
        for metadata in definition.metadata.values()
        for capability in metadata.caps
    }


def _solves(server: GatewayServer) -> Iterator[str]:
    for request in server.called("Solve"):
        packed = getattr(request.Definition, "def")
        if not packed:
            yield "nothing"
            continue
        edge = ops_pb2.Op.FromString(packed[-1]).inputs[0]
        index = f":{edge.index}" if edge.index else ""
        name = request.Definition.metadata[edge.digest].description.get("llb.customname", "-")
        head = next(d for d in packed if _is(d, edge.digest))
        caches = "".join(
            f" cache={each.Type}:{','.join(f'{k}={v}' for k, v in sorted(each.Attrs.items()))}"
            for each in request.CacheImports
        )
        evaluated = " evaluated" if request.Evaluate else ""
        yield f"{name} {digest_of(steady(head))}{index}{evaluated}{caches}"


def _is(data: bytes, digest: str) -> bool:
    return f"sha256:{hashlib.sha256(data).hexdigest()}" == digest


def _lookups(server: GatewayServer) -> Iterator[str]:
    for request in server.called("ResolveSourceMeta"):
        attrs = "".join(f" {k}={v}" for k, v in sorted(request.Source.attrs.items()))
        platform = request.Platform
        parts = (platform.OS, platform.Architecture, platform.Variant)
        where = "/".join(filter(None, parts))
        yield f"{request.LogName}: {request.Source.identifier} {where}{attrs}"
    for request in server.called("ResolveImageConfig"):
        platform = request.Platform
        parts = (platform.OS, platform.Architecture, platform.Variant)
        where = "/".join(filter(None, parts))
        store = f" {request.SessionID}:{request.StoreID}" if request.StoreID else ""
        yield f"{request.LogName}: {request.Ref} {where} {request.ResolveMode}{store}"


def _warning(request: gateway_pb2.WarnRequest) -> list[str]:
    lines = [f"{request.level}: {request.short.decode()}"]
    lines += [f"   {line.decode()}" for line in request.detail]
    if request.url:
        lines.append(f"   {request.url}")
    if request.digest:
        lines.append(f"   of {short(request.digest)}")
    if request.HasField("info"):
        lines.append(f"   {request.info.filename}:{_ranges(request.ranges)}")
    return lines


def _failure(outcome: Outcome) -> list[str]:
    if outcome.failure is None:
        return []
    lines = outcome.failure.splitlines()
    lines.append(f"(exit code {outcome.exit_code})")
    for excerpt in outcome.excerpts:
        lines.append(f"--- {excerpt.filename}:{excerpt.start}")
        lines += [f">>> {line}" for line in excerpt.lines]
    kinds = (
        [each.type_url.rpartition(".")[2] for each in outcome.error.details]
        if outcome.error
        else []
    )
    if kinds:
        lines.append(f"details: {', '.join(kinds)}")
    return [_without_moment(line) for line in lines]


def _without_moment(line: str) -> str:
    return re.sub(r"UV_FRONTEND_MOMENT=\w+", "UV_FRONTEND_MOMENT=", line)


def _returned(server: GatewayServer, outcome: Outcome) -> list[str]:
    result = outcome.result
    if result is None:
        return []
    from tests.gateway.service import refs_of

    lines = [
        f"filesystem {key or 'of the only platform'}: {short(server.head(ref))}"
        for key, ref in sorted(refs_of(result).items())
    ]
    for key, value in sorted(result.metadata.items()):
        lines += _metadata(key, value)
    for key, attestations in sorted(result.attestations.items()):
        for each in attestations.attestation:
            about = {name: value.decode() for name, value in sorted(each.metadata.items())}
            lines.append(
                f"attestation of {key}: {each.inTotoPredicateType} at {each.path} "
                f"in {short(server.head(each.ref.id))} {about}"
            )
    return lines


def _metadata(key: str, value: bytes) -> list[str]:
    if key.startswith(_CONFIG):
        return [f"{key}: {digest_of(value)}", *_config(json.loads(value))]
    written = value.decode()
    if key == "result.json" and len(written) > _LONGEST_ANSWER:
        return [f"{key}: {len(written)} characters {digest_of(value)}"]
    if "\n" in written:
        return [f"{key}:", *(f"   {line}".rstrip() for line in written.splitlines())]
    if len(written) > _LONGEST_ANSWER or key.endswith("base.config"):
        return [f"{key}: {digest_of(value)}"]
    return [f"{key}: {written}"]


def _config(config: Mapping[str, Any]) -> list[str]:
    labels = (config.get("config") or {}).get("Labels") or {}
    for name, label in labels.items():
        if len(label) > _LONGEST_LABEL:
            kept = f"{label[:_LONGEST_LABEL]}… {len(label)} characters"
            labels[name] = f"{kept} {digest_of(label.encode())}"
    return _compact(config)


def _compact(config: Mapping[str, Any]) -> list[str]:
    """One line for each value of the first two levels."""
    lines = []
    for key, value in sorted(config.items()):
        if isinstance(value, dict):
            lines.append(f"   {key}")
            for inner, one in sorted(value.items()):
                if inner in ("Labels",) and isinstance(one, dict):
                    lines.append(f"      {inner}")
                    lines += [f"         {name}={label}" for name, label in sorted(one.items())]
                else:
                    lines.append(f"      {inner}: {json.dumps(one, ensure_ascii=False)}")
        elif isinstance(value, list):
            lines.append(f"   {key}")
            lines += [f"      {json.dumps(one, ensure_ascii=False)}" for one in value]
        else:
            lines.append(f"   {key}: {json.dumps(value, ensure_ascii=False)}")
    return lines
