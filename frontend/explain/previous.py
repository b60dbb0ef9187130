"""The image to compare with: the build context `previous`. Its configuration alone is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frontend.errors import FrontendError
from frontend.explain import labels, render
from frontend.explain.compare import compare
from frontend.gateway import GatewayError
from frontend.inputs import named_contexts

if TYPE_CHECKING:
    from frontend.emit.image_config import ImageConfig
    from frontend.explain.compare import Comparison
    from frontend.explain.record import Record
    from frontend.gateway import Gateway
    from frontend.inputs.named_contexts import NamedContext
    from frontend.model.base import BaseImage
    from frontend.resolve.platform import ResolvedPlatform


#: What the build context is called.
NAME = "previous"


@dataclass(frozen=True)
class Explained:
    """What is to be said of one platform's image: a comparison, or a note why there is none."""

    name: str
    platform: str
    digest: str = ""
    comparison: Comparison | None = None
    note: str = ""

    @property
    def lines(self) -> list[str]:
        """All that is said, one thing a line."""
        return render.lines(self.comparison) if self.comparison else [self.note]

    @property
    def document(self) -> dict[str, Any]:
        """The same for programs."""
        found: dict[str, Any] = {
            "platform": self.platform,
            "previous": {"name": self.name, "digest": self.digest or None},
            "note": self.note or None,
        }
        return found | (render.document(self.comparison) if self.comparison else {})


def given(resolved: ResolvedPlatform) -> NamedContext | None:
    """The context, if there is one; a package of that name has it for itself."""
    inputs = resolved.inputs
    if not inputs.request.named_contexts or NAME in inputs.context.members:
        return None
    return named_contexts.find(inputs.request, NAME, resolved.platform)


def read_previous(gateway: Gateway, resolved: ResolvedPlatform, found: NamedContext) -> BaseImage:
    """Read the previous image's configuration for the platform; no layer is pulled.

    FrontendError where the context is no image, or where there is none.
    """
    try:
        return named_contexts.open_image(gateway, resolved.inputs.request, found, resolved.platform)
    except GatewayError as error:
        if error.is_refusal:
            raise
        raise FrontendError(
            f"the previous image {shown(found)} cannot be read: {error.message}",
            remedy=f"Check the name and tag, that it exists for {resolved.platform.id}, and that "
            "you are logged in where it is private.",
        ) from error


def shown(found: NamedContext) -> str:
    """What users know the image by: its name, or the context's where it has none."""
    return found.place if found.kind == "docker-image" else NAME


def explained(
    resolved: ResolvedPlatform,
    found: NamedContext,
    image: BaseImage,
    made: Record,
    config: ImageConfig,
) -> Explained:
    """Compare what is built, `config` its configuration, with the previous image."""
    name, platform = shown(found), resolved.platform
    digest = image.digest

    def without(note: str) -> Explained:
        return Explained(name, platform.id, digest, note=note)

    if image.architecture not in ("", platform.architecture):
        return without(f"nothing to compare with: {name} is for {image.architecture}")
    run = image.config.get("config") or {}
    try:
        before = labels.read(run.get("Labels") or {})
    except labels.UnreadableLabelsError as error:
        why = (
            f"its labels are of version {error.version}, and these are of {labels.VERSION}"
            if error.version is not None
            else "its labels cannot be read"
        )
        return without(f"nothing to compare with: {name} was built otherwise, {why}")
    if before is None:
        return without(
            f"nothing to compare with: {name} was not built with uv-frontend, or without "
            "plan-labels"
        )
    comparison = compare(before, made, image.config, config.document)
    return Explained(name, platform.id, digest, comparison)
