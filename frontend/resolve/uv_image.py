"""uv from elsewhere: the key `uv`, `--build-context uv=docker-image://…`, or a folder that has it.

It installs; which packages, our own uv has said. The locks that we write are the plainest of their
schema, which releases before and after our own read as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

import llb
from frontend.container.paths import LAYER, ROOT, UV_IN_IMAGE
from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.gateway.failures import SourceReplacedError
from frontend.inputs.named_contexts import NamedContext, find, open_context
from frontend.model.uv import UV_VERSION, Uv

if TYPE_CHECKING:
    from frontend.context import Context
    from frontend.errors import Location
    from frontend.gateway import Gateway, Ref
    from frontend.inputs.inputs import BuildInputs


NAME = "uv"
#: The oldest release that knows all that steps ask of it (`uv sync --python-platform`).
OLDEST = "0.7"
#: Where uv is in its official images, in images that copy it from there, and in wheels.
_PLACES = ("uv", "bin/uv", "usr/local/bin/uv", "usr/bin/uv", "root/.local/bin/uv")
_PYTHON = "/opt/uv-frontend/bin/python"
_ASK = f"""\
import subprocess
try:
    done = subprocess.run(["{ROOT}/uv", "--version"], capture_output=True, text=True)
    said = done.stdout or done.stderr
except OSError as error:
    said = str(error)
open("{LAYER}/version", "w").write(said)
"""


def is_given(inputs: BuildInputs) -> bool:
    """Whether the user brings a uv."""
    request = inputs.request
    return bool(inputs.settings.spec.uv or find(request, NAME, request.build_platform))


def uv_image(gateway: Gateway, inputs: BuildInputs, own: llb.Output) -> Uv | None:
    """Return the user's uv, to be used in place of the one of `own`, our image; None without.

    FrontendError where there is none in what was named, one that is too old, or one that
    `required-version` does not admit.
    """
    request, name = inputs.request, inputs.settings.spec.uv
    platform, places = request.build_platform, inputs.settings.origin("uv")
    found = find(request, NAME, platform)
    if found:
        places = ()
    elif name:
        found = find(request, name, platform) or _of_the_key(name)
    else:
        return None
    context = _open(gateway, inputs, found, places)
    loaded = context.named_files(_PLACES, "uv")
    place = _place(gateway.solve(loaded), found, places)
    copied = llb.files(
        llb.SCRATCH,
        llb.Copy(
            loaded,
            f"/{place}",
            UV_IN_IMAGE,
            mode=0o755,
            owner=llb.Owner(0, 0),
            create_dest_path=True,
            follow_symlinks=True,
        ),
        meta=llb.Metadata(name=f"{found.label} uv"),
    )
    version = _version(gateway.solve(_asking(own, copied, platform)), found, places)
    wanted = required(inputs)
    if not admits(wanted, version):
        raise FrontendError(
            f"tool.uv.required-version asks for {wanted}; {_called(found)} has uv {version}",
            remedy="Name another image, or widen the range.",
            places=(*places, inputs.workspace.root.place("tool", "uv", "required-version")),
        )
    return Uv(copied, version)


def required(inputs: BuildInputs) -> str:
    """The releases of uv that the workspace admits; empty for all."""
    return str(inputs.workspace.root.get("tool", "uv", "required-version") or "")


def admits(wanted: str, version: str) -> bool:
    """Whether `required-version` admits a release; uv takes a bare version as an exact one."""
    try:
        return SpecifierSet(wanted).contains(version, prereleases=True)
    except InvalidSpecifier:
        return wanted == version


def _of_the_key(name: str) -> NamedContext:
    return NamedContext(name, f"docker-image://{name}")


def _called(found: NamedContext) -> str:
    return found.name if found == _of_the_key(found.name) else f"the build context {found.name}"


def _open(
    gateway: Gateway, inputs: BuildInputs, found: NamedContext, places: tuple[Location, ...]
) -> Context:
    platform = inputs.request.build_platform
    try:
        return open_context(gateway, inputs.request, found, platform)
    except ValueError as error:
        # The reference of an image, which is looked at nowhere before.
        raise FrontendError(
            f"uv: {error}",
            remedy="A reference is NAME, NAME:TAG or NAME@DIGEST, in lower case.",
            places=places,
        ) from None
    except GatewayError as error:
        if error.is_refusal or isinstance(error, SourceReplacedError):
            raise
        raise FrontendError(
            f"uv image {found.place} cannot be used: {error.message}",
            remedy=f"Check the name and tag, that it exists for {platform.id}, and that you are "
            "logged in where it is private.",
            places=places,
        ) from error


def _place(loaded: Ref, found: NamedContext, places: tuple[Location, ...]) -> str:
    for place in _PLACES:
        if loaded.exists(place):
            return place
    raise FrontendError(
        f"{_called(found)} has no program uv: {found.where}",
        remedy=f"It is looked for as {', '.join(_PLACES)}. Without it, uv {UV_VERSION} of the "
        "frontend's image is taken.",
        places=places,
    )


def _asking(own: llb.Output, copied: llb.Output, platform: llb.Platform) -> llb.Output:
    step = llb.run(
        [_PYTHON, "-I", "-S", "-c", _ASK],
        mounts=[
            llb.Bind("/", own),
            llb.Writable(LAYER, llb.SCRATCH),
            llb.Bind(f"{ROOT}/uv", copied, selector=UV_IN_IMAGE),
        ],
        network=llb.Network.NONE,
        platform=platform,
        meta=llb.Metadata(name="[internal] ask uv for its version"),
    )
    return step.output(LAYER)


def _version(answer: Ref, found: NamedContext, places: tuple[Location, ...]) -> str:
    said = answer.read_file("version").decode(errors="replace").strip()
    match = re.match(r"uv (\S+)", said)
    try:
        version = Version(match[1] if match else "")
    except InvalidVersion:
        raise FrontendError(
            f"the uv of {_called(found)} does not run: {said}",
            remedy="It has to be built for the engine's architecture, and for the C library of the "
            "base image or without any.",
            places=places,
        ) from None
    if version < Version(OLDEST):
        raise FrontendError(
            f"{_called(found)} has uv {version}, and this frontend needs {OLDEST} or later",
            remedy=f"Take a later release. Without it, it is {UV_VERSION}.",
            places=places,
        )
    return str(version)
