"""The target `deps`: the third-party packages of the image, in the very same layers.

For a base that several images share, for a look at what is not one's own, and for CI that warms
its cache. A container of it starts Python, as there is no package to start.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frontend.model.layers import FilesLayer, MembersLayer
from frontend.targets import image

if TYPE_CHECKING:
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


def select(inputs: BuildInputs) -> BuildInputs:
    """Take what the image takes."""
    return image.select(inputs)


def make(resolved: ResolvedPlatform) -> TargetResult:
    """Lay everything but what comes from the context on the base."""
    # Planned whole: the layers that stay are those of the image.
    made = image.planned(resolved)
    kept = tuple(layer for layer in made.layers if not isinstance(layer, MembersLayer | FilesLayer))
    run = image.without_package(image.started(resolved))
    return image.assemble(resolved, replace(made, layers=kept), run)
