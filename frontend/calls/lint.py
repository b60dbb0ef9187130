"""`--call=check`: what is allowed and still worth a word (`frontend.lint`); nothing is installed.

The form is BuildKit's (`frontend/subrequests/lint`). What would fail a build stands beside the
findings, which are told as far as they were found before it.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from frontend import calls, redaction, targets
from frontend.errors import FrontendError
from frontend.findings import CheckPolicy
from frontend.gateway.status import excerpt
from frontend.inputs import manifests
from frontend.inputs.inputs import check_policy, read
from frontend.lint import images, workspace
from frontend.lint.report import report_findings, resolved_findings
from frontend.resolve.platform import resolve_platforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from frontend.errors import Location
    from frontend.findings import Finding
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.inputs.inputs import BuildInputs
    from frontend.request import Request


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Answer with the findings; the client ends with 1 where there are any."""
    found: list[Finding] = []
    policy = CheckPolicy.of(request)
    error: FrontendError | None = None
    try:
        policy = check_policy(request, reads)
        found.extend(_before_platforms(inputs := _read(gateway, request, reads)))
        # Its differences are among the findings.
        inputs = replace(inputs, settings=inputs.settings.without(lock="off"))
        platforms = resolve_platforms(gateway, inputs)
        report_findings(gateway, policy, resolved_findings(platforms))
        for resolved in platforms:
            found += images.wheels(resolved)
            found += images.compiled(inputs, resolved.closure)
    except FrontendError as caught:
        error = caught
        report_findings(gateway, policy, caught.findings)
    told = policy.wanted(found, check_only=True)
    sources = _Sources()
    document: dict[str, Any] = {
        "warnings": [
            {
                "ruleName": each.rule.name,
                "description": each.rule.description,
                "url": each.rule.url,
                "detail": each.text,
                "location": sources.location(each.shown),
            }
            for each in told
            if each.rule
        ],
    }
    if error:
        # Of several places the first one is the most important, and the others may be elsewhere.
        document["buildError"] = {
            "message": error.text,
            "location": sources.location(error.places[:1]),
        }
    document["sources"] = sources.listed
    answered = calls.result(document, _report(told, error))
    status = b"1" if told or error else b"0"
    return replace(answered, metadata={**answered.metadata, "result.statuscode": status})


def _read(gateway: Gateway, request: Request, reads: FirstReads) -> BuildInputs:
    inputs = targets.find(request.target).builder.select(read(gateway, request, reads))
    needed = [inputs.workspace.lock.local_packages[name] for name in inputs.local_names]
    known = manifests.read_manifests(gateway, inputs.context, inputs.workspace, needed)
    return replace(inputs, workspace=known)


def _before_platforms(inputs: BuildInputs) -> Iterator[Finding]:
    yield from workspace.all_stale(inputs)
    yield from workspace.findings(inputs)
    yield from images.bases(inputs)


class _Sources:
    """The files that an answer shows lines of, each once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str, str]] = {}

    @property
    def listed(self) -> list[dict[str, str]]:
        """All of them, in the order in which they were met."""
        return list(self._found.values())

    def location(self, places: Sequence[Location]) -> dict[str, Any]:
        """Say where `places` are; clients read what has none as source -1."""
        if not places:
            return {"sourceIndex": -1, "ranges": []}
        source = places[0].source
        start, end = min(p.start for p in places), max(p.end for p in places)
        data = redaction.hidden(excerpt(source, start, end))
        key = (source.filename, data)
        self._found.setdefault(
            key,
            {
                "filename": source.filename,
                "language": source.language,
                "data": base64.b64encode(data.encode()).decode(),
            },
        )
        ranges = [{"start": {"line": p.start}, "end": {"line": p.end}} for p in places]
        return {"sourceIndex": list(self._found).index(key), "ranges": ranges}


def _report(told: Sequence[Finding], error: FrontendError | None) -> str:
    """The same for people, for clients that don't write it themselves."""
    parts = []
    for each in told:
        where = f"{each.places[0].source.filename}:{each.places[0].start}\n" if each.places else ""
        rule = each.rule
        assert rule is not None
        parts.append(f"WARNING: {rule.name} - {rule.url}\n{rule.description}\n{where}{each.text}\n")
    if error:
        parts.append(f"ERROR: {error.text}\n")
    return "\n".join(parts)
