"""The target `wheels`: what the image's own packages are outside of it.

A filesystem of nothing but wheels, for `--output`: built from each package's own directory, by the
same backends and with the same settings as for the image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.emit.image_config import ImageConfig
from frontend.emit.layers import steps_of
from frontend.errors import FrontendError
from frontend.model.layers import Kind, MembersLayer, Plan
from frontend.targets import image
from frontend.targets.result import TargetResult

if TYPE_CHECKING:
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform


def select(inputs: BuildInputs) -> BuildInputs:
    """Take what the image takes."""
    return image.select(inputs)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Build a wheel of every local package that the image would have installed.

    FrontendError where none of them is built.
    """
    inputs = resolved.inputs
    local = [package for package in resolved.closure.local if not package.virtual]
    if not local:
        raise FrontendError(
            f"there are no wheels of {inputs.package.name!r}: neither it nor what it needs is "
            "built",
            remedy="A wheel is made of a package with a [build-system] table.",
            places=(inputs.workspace.manifest(inputs.package).place("project"),),
        )
    made = Plan(
        resolved.base.interpreter,
        tuple(MembersLayer((package,), Kind.WHEEL) for package in local),
    )
    steps = steps_of(
        made,
        resolved.writer,
        resolved.environment,
        inputs.workspace,
        inputs.context,
        prefix=resolved.progress_prefix,
        hermetic=resolved.hermetic,
        building=image.building(resolved),
    )
    collected = llb.files(
        llb.SCRATCH,
        *(llb.Copy(step.output, "/", "/", contents_only=True) for step in steps),
        meta=llb.Metadata(name=f"[{resolved.progress_prefix}wheels] collect {len(steps)}"),
    )
    return TargetResult(collected, ImageConfig(resolved.platform), steps)
