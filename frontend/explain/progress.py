"""What a build says of the previous image: lines in its progress, which cost nothing.

Warnings would be the other way to reach the user, and buildx counts these as something wrong. So
each line is the name of a small file operation that nothing else depends on: it makes no part of
the image, and enters no key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import llb
from frontend.errors import FrontendError
from frontend.explain import previous
from frontend.explain.previous import Explained
from frontend.gateway import GatewayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.emit.image_config import ImageConfig
    from frontend.explain.record import Record
    from frontend.gateway import Gateway
    from frontend.resolve.platform import ResolvedPlatform


#: Contexts that can be an image; another kind of that name is not meant for us.
_IMAGES = ("docker-image", "oci-layout", "input")


def start_comparison(
    gateway: Gateway, resolved: ResolvedPlatform
) -> Callable[[Record, ImageConfig], None] | None:
    """Look the previous image up in the background, if the user names one.

    What is returned says how it differs from what is built, by its record and configuration. It
    raises nothing: the first image of a branch has no previous one.
    """
    found = previous.given(resolved)
    if found is None or found.kind not in _IMAGES:
        return None
    looking = gateway.begin(lambda: previous.read_previous(gateway, resolved, found))

    def tell(made: Record, config: ImageConfig) -> None:
        try:
            said = previous.explained(resolved, found, looking(), made, config)
        except (FrontendError, GatewayError) as error:
            message = error.message
            said = Explained(previous.shown(found), resolved.platform.id, note=message)
        try:
            # One after the other: all at once they would not come in this order.
            for number, line in enumerate(said.lines):
                gateway.solve(written(number, line, resolved.progress_prefix), evaluate=True)
        except GatewayError:
            # What is only said must not end a build.
            return

    return tell


def written(number: int, line: str, prefix: str) -> llb.Output:
    """One line as an operation; the same line in two places is two of them."""
    return llb.files(
        llb.SCRATCH,
        llb.Mkfile("/explain", f"{prefix}{number} {line}".encode(), timestamp=0),
        meta=llb.Metadata(name=f"[{prefix}explain] {line}"),
    )
