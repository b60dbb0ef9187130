"""`--call=outline`: build arguments with their values, and what the steps take from outside.

The form is BuildKit's (`frontend/subrequests/outline`). Secrets, agents and caches are read from
the steps as a build would run them, so that the answer is for this target, package and lock.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frontend import calls, redaction, targets
from frontend.config.keys import TABLES
from frontend.config.schema import KEYS, Spec
from frontend.inputs.inputs import read
from frontend.lint.report import report_findings, resolved_findings
from frontend.resolve.platform import resolve_platforms
from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import llb
    from frontend.errors import Location
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.inputs.inputs import BuildInputs
    from frontend.request import Request
    from llb.graph import Vertex


#: Sources that BuildKit reads with a secret of the client, by the attribute that names it.
_SECRET_ATTRIBUTES = ("git.authtokensecret", "git.authheadersecret", "http.authheadersecret")
#: The same for git by SSH, which has no use for those.
_AGENT_ATTRIBUTE = "git.mountsshsock"


@dataclass
class Outside:
    """What steps take from outside: the ids of each, and whether they fail without."""

    secrets: dict[str, bool] = field(default_factory=dict)
    agents: dict[str, bool] = field(default_factory=dict)
    caches: dict[str, bool] = field(default_factory=dict)


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Answer for the target of `request`; FrontendError for what would be an error in a build."""
    target = targets.find(request.target)
    inputs = target.builder.select(read(gateway, request, reads))
    platforms = resolve_platforms(gateway, inputs)
    report_findings(gateway, inputs.check_policy, resolved_findings(platforms))
    results = [target.builder.make(resolved) for resolved in platforms]
    outside = taken(result.filesystem for result in results)
    sources: list[str] = []
    document: dict[str, Any] = {
        "name": target.name,
        "description": target.description,
        "args": [_argument(each, sources) for each in _arguments(inputs)],
        "secrets": _named(outside.secrets),
        "ssh": _named(outside.agents),
        "cache": [{"ID": name} for name in sorted(outside.caches)],
        "sources": sources,
    }
    return calls.result(document, _tables(document))


def taken(filesystems: Iterable[llb.Output]) -> Outside:
    """Walk through the steps behind `filesystems`."""
    found = Outside()
    for operation in _operations([output.vertex for output in filesystems]):
        attributes = operation.source.attrs
        if attributes.get(_AGENT_ATTRIBUTE):
            _note(found.agents, attributes[_AGENT_ATTRIBUTE], optional=True)
            continue
        for name in _SECRET_ATTRIBUTES:
            if attributes.get(name):
                _note(found.secrets, attributes[name], optional=True)
        for variable in operation.exec.secretenv:
            _note(found.secrets, variable.ID, optional=variable.optional)
        for mount in operation.exec.mounts:
            if mount.mountType == ops_pb2.MountType.SECRET:
                _note(found.secrets, mount.secretOpt.ID, optional=mount.secretOpt.optional)
            elif mount.mountType == ops_pb2.MountType.SSH:
                _note(found.agents, mount.SSHOpt.ID, optional=mount.SSHOpt.optional)
            elif mount.mountType == ops_pb2.MountType.CACHE:
                _note(found.caches, mount.cacheOpt.ID, optional=True)
    return found


def _operations(pending: list[Vertex]) -> Iterator[ops_pb2.Op]:
    """Each operation once, without recursion: a graph can be deep."""
    seen: set[str] = set()
    while pending:
        vertex = pending.pop()
        if vertex.digest not in seen:
            seen.add(vertex.digest)
            pending += vertex.inputs
            yield ops_pb2.Op.FromString(vertex.data)


def _note(known: dict[str, bool], name: str, *, optional: bool) -> None:
    known[name] = known.get(name, False) or not optional


@dataclass(frozen=True)
class _Argument:
    name: str
    value: str
    description: str
    places: tuple[Location, ...]


def _arguments(inputs: BuildInputs) -> Iterator[_Argument]:
    """Every key, the ones that are set with their values; tables by their items."""
    settings = inputs.settings
    values = {**settings.values, "package": inputs.selection.packages}
    for key in KEYS:
        described = Spec.model_fields[key.replace("-", "_")].description or ""
        places = settings.place(key)
        value = values.get(key)
        if key in TABLES and isinstance(value, dict):
            for name, item in value.items():
                shown = redaction.HIDDEN if redaction.secret(name) else _written(item)
                yield _Argument(f"{key}.{name}", shown, described, places)
        else:
            name = f"{key}.NAME" if key in TABLES else key
            yield _Argument(name, "" if value is None else _written(value), described, places)


def _written(value: Any) -> str:
    """A value as a build argument would give it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return json.dumps(value, default=str, ensure_ascii=False)


def _argument(argument: _Argument, sources: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": argument.name, "description": argument.description}
    if argument.value:
        found["value"] = argument.value
    for place in argument.places:
        data = base64.b64encode(redaction.hidden(place.source.text).encode()).decode()
        if data not in sources:
            sources.append(data)
        lines = {"start": {"line": place.start}, "end": {"line": place.end}}
        found["location"] = {"sourceIndex": sources.index(data), "ranges": [lines]}
    return found


def _named(found: Mapping[str, bool]) -> list[dict[str, Any]]:
    return [{"name": name, **({"required": True} if found[name] else {})} for name in sorted(found)]


def _tables(document: Mapping[str, Any]) -> str:
    """The same for people, for clients that don't write it themselves."""
    parts = [f"TARGET: {document['name']}\nDESCRIPTION: {document['description']}\n"]
    rows = [(a["name"], a.get("value", ""), a["description"]) for a in document["args"]]
    parts.append(calls.table([("BUILD ARG", "VALUE", "DESCRIPTION"), *rows]))
    for title, key, name in (
        ("SECRET", "secrets", "name"),
        ("SSH", "ssh", "name"),
        ("CACHE", "cache", "ID"),
    ):
        if document[key]:
            parts.append(
                calls.table(
                    [
                        (title, "REQUIRED"),
                        *((x[name], "true" if x.get("required") else "") for x in document[key]),
                    ]
                )
            )
    return "\n".join(parts)
