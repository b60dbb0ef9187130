"""`--call=explain`: what changed since the image that the build context `previous` names.

No call of BuildKit's, as `plan`. Of the previous image its configuration is read; nothing is pulled
or installed, and of what would be built the files are hashed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import calls, targets
from frontend.errors import FrontendError
from frontend.explain import previous
from frontend.explain.files import complete_record
from frontend.explain.labels import attached
from frontend.inputs.inputs import read
from frontend.lint.report import report_findings, resolved_findings
from frontend.resolve.platform import resolve_platforms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.explain.previous import Explained
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets import TargetBuilder


VERSION = 1


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Compare for all platforms of the request; FrontendError without an image to compare with."""
    builder = targets.find(request.target).builder
    inputs = builder.select(read(gateway, request, reads))
    platforms = resolve_platforms(gateway, inputs)
    report_findings(gateway, inputs.check_policy, resolved_findings(platforms))
    told = gateway.together(*(_comparing(gateway, builder, resolved) for resolved in platforms))
    document = {
        "version": VERSION,
        "package": inputs.selection.package,
        "images": [each.document for each in told],
    }
    return calls.result(document, _report(inputs.selection.package, told))


def _comparing(
    gateway: Gateway, builder: TargetBuilder, resolved: ResolvedPlatform
) -> Callable[[], Explained]:
    return lambda: _compare(gateway, builder, resolved)


def _compare(gateway: Gateway, builder: TargetBuilder, resolved: ResolvedPlatform) -> Explained:
    found = previous.given(resolved)
    if found is None:
        raise FrontendError(
            "there is no previous image to compare with",
            remedy=f"Name one: --build-context {previous.NAME}=docker-image://NAME.",
        )
    result = builder.make(resolved)
    if result.plan is None:
        raise FrontendError(
            f"the target {resolved.inputs.request.target} makes no image of layers: there is "
            "nothing to compare",
            remedy="Leave --target out, or name the target image, deps or dev.",
        )
    image, made = gateway.together(
        lambda: previous.read_previous(gateway, resolved, found),
        lambda: complete_record(gateway, resolved, result),
    )
    config = result.config
    if resolved.inputs.settings.spec.plan_labels is not False:
        config = attached(config, made)
    return previous.explained(resolved, found, image, made, config)


def _report(package: str, told: Sequence[Explained]) -> str:
    parts = []
    for each in told:
        head = f"{package} for {each.platform}, compared with {each.name}"
        parts.append("\n".join([head, "", *each.lines]) + "\n")
    return "\n".join(parts)
