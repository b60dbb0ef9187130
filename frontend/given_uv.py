"""uv from elsewhere: `--build-context uv=docker-image://…`, or a folder that has the program.

It has to be of the release series whose locks and settings we write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import llb
from frontend.closure import UV_VERSION
from frontend.container import LAYER, ROOT, UV_IN_IMAGE
from frontend.context.named import find, open_context
from frontend.errors import FrontendError

if TYPE_CHECKING:
    from frontend.context.named import NamedContext
    from frontend.gateway import Gateway, Ref
    from frontend.request import Request

NAME = "uv"
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


def given_uv(
    gateway: Gateway, request: Request, own: llb.Output, platform: llb.Platform
) -> llb.Output | None:
    """Return a filesystem that has the user's uv where `own`, our image, has ours; None without.

    FrontendError where the context has no uv, or one that is too old or too new.
    """
    found = find(request, NAME, platform)
    if found is None:
        return None
    context = open_context(gateway, request, found, platform)
    loaded = context.named_files(_PLACES, "uv")
    place = _place(gateway.solve(loaded), found)
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
    _check(gateway.solve(_asking(own, copied, request.build_platform)), found)
    return copied


def _place(loaded: Ref, found: NamedContext) -> str:
    for place in _PLACES:
        if loaded.exists(place):
            return place
    raise FrontendError(
        f"the build context {found.name} has no program uv: {found.where}",
        remedy=f"It is looked for as {', '.join(_PLACES)}. Leave the context out to take the uv "
        f"{UV_VERSION} of the frontend's image.",
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


def _check(answer: Ref, found: NamedContext) -> None:
    said = answer.read_file("version").decode(errors="replace").strip()
    version = re.match(r"uv ([0-9]+\.[0-9]+)[.0-9]*", said)
    series = ".".join(UV_VERSION.split(".")[:2])
    if version is None:
        raise FrontendError(
            f"the uv of build context {found.name} does not run: {said}",
            remedy="It has to be built for the engine's architecture, and for the C library of the "
            "base image or without any.",
        )
    if version[1] != series:
        raise FrontendError(
            f"the build context {found.name} has {version[0]}, and this frontend needs {series}",
            remedy=f"Take a uv {series}, or a frontend image made for the other one. Without the "
            f"context it is {UV_VERSION}.",
        )
