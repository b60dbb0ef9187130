"""What a build tells of the findings: as warnings, which change nothing of what is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import lint
from frontend.errors import FrontendError
from frontend.lint import images, workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.gateway import Gateway
    from frontend.job import Job
    from frontend.targets.product import Site


def begin(gateway: Gateway, job: Job) -> None:
    """Tell what may explain an error to come."""
    lint.warn(gateway, job.request, *workspace.required_version(job.workspace.root))


def tell(gateway: Gateway, sites: Sequence[Site]) -> None:
    """Tell all but what was told before; FrontendError where findings are to fail the build."""
    job = sites[0].job
    found = list(workspace.findings(job))
    for site in sites:
        found += images.built(job, site.closure)
        found += images.compiled(job, site.closure)
    lint.warn(gateway, job.request, *(f for f in found if f.rule != lint.REQUIRED_VERSION))
    told = lint.chosen(found, job.request)
    if told and lint.Choice.of(job.request).error:
        names = ", ".join(dict.fromkeys(each.rule.name for each in told))
        raise FrontendError(
            f"checks found what they are told to refuse: {names}",
            remedy=f"The warnings say what and where; {lint.ARGUMENT} can skip rules.",
            places=told[0].shown,
        )
