"""How a build reports findings: as warnings, which change nothing of what is built."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from frontend import findings as rules
from frontend.errors import FrontendError
from frontend.lint import images, workspace
from frontend.model.uv import UV_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from frontend.findings import CheckPolicy, Finding
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


def require_admitted_uv(inputs: BuildInputs) -> None:
    """Refuse to install with a uv that the workspace does not admit; FrontendError says so.

    Whoever skips the rule wants the frontend's own uv nevertheless.
    """
    for finding in inputs.check_policy.wanted(workspace.required_version(inputs)):
        raise FrontendError(
            finding.text,
            remedy='Name an image that has such a uv, `uv = "NAME:TAG"`, or widen the range. '
            f"`--build-arg {rules.ARGUMENT}=skip={rules.REQUIRED_VERSION.name}` installs with "
            f"{UV_VERSION} nevertheless.",
            places=finding.shown,
        )


def resolved_findings(platforms: Sequence[ResolvedPlatform]) -> tuple[Finding, ...]:
    """Return what reading and resolving found, for all platforms."""
    of_platforms = (finding for resolved in platforms for finding in resolved.findings)
    return (*platforms[0].inputs.findings, *of_platforms)


def lint_findings(platforms: Sequence[ResolvedPlatform]) -> tuple[Finding, ...]:
    """Apply the rules of a build to the workspace and to the images of all platforms."""
    inputs = platforms[0].inputs
    findings = list(workspace.findings(inputs))
    for resolved in platforms:
        findings += images.built(inputs, resolved.closure)
        findings += images.compiled(inputs, resolved.closure)
    return tuple(findings)


def report_findings(gateway: Gateway, policy: CheckPolicy, findings: Iterable[Finding]) -> None:
    """Show the findings that the user wants to hear of as warnings of the build."""
    for finding in policy.wanted(findings):
        rule = finding.rule
        gateway.warn(
            finding.text,
            detail=[rule.description] if rule else finding.detail,
            url=rule.url if rule else "",
            places=finding.shown,
        )


def refuse_findings(policy: CheckPolicy, findings: Iterable[Finding]) -> None:
    """Raise FrontendError if the user wants findings of rules to fail the build."""
    broken = [finding for finding in policy.wanted(findings) if finding.rule]
    if broken and policy.error:
        names = ", ".join(dict.fromkeys(f.rule.name for f in broken if f.rule))
        raise FrontendError(
            f"checks found what they are told to refuse: {names}",
            remedy=f"The warnings say what and where; {rules.ARGUMENT} can skip rules.",
            places=broken[0].shown,
        )


@contextmanager
def reporting_failures(gateway: Gateway, policy: Callable[[], CheckPolicy]) -> Iterator[None]:
    """Report what a stage found before an error ended it: it may explain the error."""
    try:
        yield
    except FrontendError as error:
        if error.findings:
            report_findings(gateway, policy(), error.findings)
        raise
