"""What a build tells of the findings: as warnings, which change nothing of what is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import findings
from frontend.errors import FrontendError
from frontend.lint import images, workspace
from frontend.model.uv import UV_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


def require_admitted_uv(inputs: BuildInputs) -> None:
    """Refuse to install with a uv that the workspace does not admit; FrontendError says so.

    Whoever skips the rule wants the frontend's own uv nevertheless.
    """
    for found in findings.wanted_findings(workspace.required_version(inputs), inputs.request):
        raise FrontendError(
            found.text,
            remedy='Name an image that has such a uv, `uv = "NAME:TAG"`, or widen the range. '
            f"`--build-arg {findings.ARGUMENT}=skip={found.rule.name}` installs with "
            f"{UV_VERSION} nevertheless.",
            places=found.shown,
        )


def report_findings(gateway: Gateway, sites: Sequence[ResolvedPlatform]) -> None:
    """Tell all findings; FrontendError where they are to fail the build."""
    inputs = sites[0].inputs
    found = list(workspace.findings(inputs))
    for resolved in sites:
        found += images.built(inputs, resolved.closure)
        found += images.compiled(inputs, resolved.closure)
    findings.warn(gateway, inputs.request, *found)
    told = findings.wanted_findings(found, inputs.request)
    if told and findings.Choice.of(inputs.request).error:
        names = ", ".join(dict.fromkeys(each.rule.name for each in told))
        raise FrontendError(
            f"checks found what they are told to refuse: {names}",
            remedy=f"The warnings say what and where; {findings.ARGUMENT} can skip rules.",
            places=told[0].shown,
        )
