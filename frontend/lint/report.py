"""What a build tells of the findings: as warnings, which change nothing of what is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import lint
from frontend.closure import UV_VERSION
from frontend.errors import FrontendError
from frontend.lint import images, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.gateway import Gateway
    from frontend.job import Job
    from frontend.targets.product import Site


def begin(job: Job) -> None:
    """Refuse to install with a uv that the workspace does not admit; FrontendError says so.

    Whoever skips the rule wants the frontend's own uv nevertheless.
    """
    for found in lint.chosen(workspace.required_version(job), job.request):
        raise FrontendError(
            found.text,
            remedy='Name an image that has such a uv, `uv = "NAME:TAG"`, or widen the range. '
            f"`--build-arg {lint.ARGUMENT}=skip={found.rule.name}` installs with "
            f"{UV_VERSION} nevertheless.",
            places=found.shown,
        )


def tell(gateway: Gateway, sites: Sequence[Site]) -> None:
    """Tell all findings; FrontendError where they are to fail the build."""
    job = sites[0].job
    found = list(workspace.findings(job))
    for site in sites:
        found += images.built(job, site.closure)
        found += images.compiled(job, site.closure)
    lint.warn(gateway, job.request, *found)
    told = lint.chosen(found, job.request)
    if told and lint.Choice.of(job.request).error:
        names = ", ".join(dict.fromkeys(each.rule.name for each in told))
        raise FrontendError(
            f"checks found what they are told to refuse: {names}",
            remedy=f"The warnings say what and where; {lint.ARGUMENT} can skip rules.",
            places=told[0].shown,
        )
