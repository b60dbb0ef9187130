"""The base image: which one, what it is pinned to, and which Python it has.

Nothing is assumed about where Python lives or what version a tag means: uv looks for it in the
image, in a step that BuildKit keeps until the image changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

import llb
from frontend.errors import FrontendError, Location
from frontend.gateway import GatewayError, SourceReplacedError
from frontend.model.base import BaseImage, base_image

if TYPE_CHECKING:
    from frontend.config.settings import Settings
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.request import Request


#: Taken where nobody says which Python, if the workspace admits it.
DEFAULT_PYTHON = "3.13"
_KNOWN_PYTHONS = ("3.14", "3.12", "3.11", "3.10", "3.9", "3.8")
_PIN = re.compile(r"(?:cpython[-@])?(3\.[0-9]+(?:\.[0-9]+)?)")


def choose(settings: Settings, requires_python: str, pin: str) -> str:
    """Return the name of the base image.

    `base`, else the official slim image of `python`, of the workspace's `.python-version`, or of
    the newest version that it admits (DEFAULT_PYTHON before all others).
    """
    if settings.spec.base:
        return settings.spec.base
    return f"python:{settings.spec.python or pin or admitted(requires_python)}-slim"


def pinned(text: str) -> str:
    """Return the version that `.python-version` names, as a tag; empty for other requests."""
    match = _PIN.fullmatch(text)
    return match.group(1) if match else ""


def managed_wanted(inputs: BuildInputs) -> bool | None:
    """Whether a managed Python is asked for: None where only if the base has none that fits.

    The key `managed-python`, else uv's own `python-preference` and `python-downloads`.
    """
    if inputs.settings.spec.managed_python is not None:
        return inputs.settings.spec.managed_python
    preference = inputs.workspace.root.get("tool", "uv", "python-preference")
    if preference == "only-managed":
        return True
    downloads = inputs.workspace.root.get("tool", "uv", "python-downloads")
    if preference == "only-system" or downloads in ("never", "manual", False):
        return False
    return None


def admitted(requires_python: str) -> str:
    """Return the version, a minor or an exact one, that is taken where nobody says which."""
    wanted = SpecifierSet(requires_python)
    exact = [s.version for s in wanted if s.operator == "==" and not s.version.endswith("*")]
    candidates = (*exact, *(f"{v}.99" for v in (DEFAULT_PYTHON, *_KNOWN_PYTHONS)))
    found = next((v for v in candidates if wanted.contains(v)), DEFAULT_PYTHON)
    return found.removesuffix(".99")


def resolve(
    gateway: Gateway,
    request: Request,
    name: str,
    platform: llb.Platform,
    places: tuple[Location, ...],
    role: str = "base",
) -> BaseImage:
    """Look an image up and pin it; FrontendError at `places` where there is none.

    A build context of that name is taken in its place.
    """
    try:
        reference = llb.normalize(name)
    except ValueError as error:
        raise FrontendError(
            f"{role} image: {error}",
            remedy="A reference is NAME, NAME:TAG or NAME@DIGEST, in lower case.",
            places=places,
        ) from None
    try:
        base = _named(gateway, request, name, platform, places)
        if base is None:
            found = gateway.resolve_image(
                reference,
                platform=platform,
                resolve_mode=request.resolve_mode.value,
                log_name=f"[internal] load metadata for {reference}",
            )
            base = base_image(name, found.pinned, found.digest, found.config)
    except GatewayError as error:
        if error.is_refusal or isinstance(error, SourceReplacedError):
            # Nothing about the image is at fault, and whoever forbids it has said so.
            error.places = places
            raise
        raise FrontendError(
            f"{role} image {name} cannot be used: {error.message}",
            remedy="Check the name and tag, that it exists for "
            f"{platform.id}, and that you are logged in where it is private.",
            places=places,
        ) from error
    if base.architecture not in ("", platform.architecture):
        raise FrontendError(
            f"{role} image {name} is for {base.architecture}, and {platform.id} is to be built",
            remedy=f"Choose a `{role}` that exists for {platform.id}, or another --platform.",
            places=places,
        )
    return base


def _named(
    gateway: Gateway,
    request: Request,
    name: str,
    platform: llb.Platform,
    places: tuple[Location, ...],
) -> BaseImage | None:
    if not request.named_contexts:
        return None
    from frontend.inputs import named_contexts

    found = named_contexts.find(request, name, platform)
    try:
        return named_contexts.open_image(gateway, request, found, platform) if found else None
    except FrontendError as error:
        raise FrontendError(error.message, remedy=error.remedy, places=places) from error


def filesystem(base: BaseImage, request: Request, platform: llb.Platform, name: str) -> llb.Output:
    """The image as a filesystem; its progress line reads `name`."""
    if base.filesystem is not None:
        return base.filesystem
    return llb.image(
        base.pinned,
        platform=platform,
        resolve_mode=request.resolve_mode,
        meta=llb.Metadata(name=name),
    )
