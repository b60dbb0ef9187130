"""One build, from the request to what is returned: the pipeline of the stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import targets
from frontend.gateway import Result
from frontend.inputs.inputs import check_policy, read
from frontend.lint import options
from frontend.lint.report import (
    lint_findings,
    refuse_findings,
    report_findings,
    reporting_failures,
    require_admitted_uv,
    resolved_findings,
)
from frontend.resolve.platform import resolve_platforms
from frontend.solve.platform import building

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


def build(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Build what `request` asks for. FrontendError for what the user can correct."""
    with reporting_failures(gateway, lambda: check_policy(request, reads)):
        if request.call:
            from frontend import calls

            return calls.answer(gateway, request, reads)
        return _build(gateway, request, reads)


def _build(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    builder = targets.find(request.target).builder
    # READ
    inputs = builder.select(read(gateway, request, reads))
    policy = inputs.check_policy
    report_findings(gateway, policy, options.passwords(request))
    require_admitted_uv(inputs)
    # RESOLVE, per platform
    platforms = resolve_platforms(gateway, inputs)
    findings = lint_findings(platforms)
    report_findings(gateway, policy, (*resolved_findings(platforms), *findings))
    refuse_findings(policy, findings)
    # PLAN and EMIT
    results = [builder.make(resolved) for resolved in platforms]
    capabilities = platforms[0].writer.capabilities
    report_findings(gateway, policy, options.without_effect(request, capabilities, results[0]))
    # RUN
    pairs = zip(platforms, results, strict=True)
    images = gateway.together(*(building(gateway, builder, *pair) for pair in pairs))
    metadata: dict[str, bytes] = {}
    if request.epoch_of_context and platforms[0].created is not None:
        from frontend.resolve import epoch

        metadata = {epoch.METADATA: str(platforms[0].created).encode()}
    return Result.image(images, multi_platform=request.multi_platform, metadata=metadata)
