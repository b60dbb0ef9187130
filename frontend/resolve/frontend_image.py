"""Our own image as an input of the build: uv comes from it, so its version always fits.

BuildKit mounts the definition of the frontend's image since 0.10 (frontend/gateway/gateway.go);
before that the option `source` names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import llb
from frontend.errors import FrontendError
from llb.pb.ops_pb2 import Definition

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.request import Request


DEFINITION = Path("/run/config/buildkit/metadata/frontend.bin")


def frontend_image(gateway: Gateway, request: Request, definition: Path = DEFINITION) -> llb.Output:
    """Return the filesystem of the image this process runs in."""
    if definition.exists():
        spliced = llb.splice(Definition.FromString(definition.read_bytes()))
        if isinstance(spliced, llb.Output):
            return spliced
    source = request.options.get("source", "")
    if not source:
        raise FrontendError(
            "the engine does not say which image this frontend runs in",
            remedy="Name it in the first line of the build file: # syntax=org/uv-frontend",
        )
    found = gateway.resolve_image(
        llb.normalize(source),
        platform=request.build_platform,
        resolve_mode=request.resolve_mode.value,
        log_name="[internal] load metadata for the frontend",
    )
    return llb.image(
        found.pinned,
        platform=request.build_platform,
        resolve_mode=request.resolve_mode,
        record_type=llb.RecordType.FRONTEND,
        meta=llb.Metadata(name="[internal] uv"),
    )
