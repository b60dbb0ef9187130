"""The process that BuildKit starts: greet first, then everything else."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

from frontend.gateway import transport

if TYPE_CHECKING:
    from frontend.gateway.client import Gateway
    from frontend.gateway.result import Result


def main() -> int:
    """Serve one build; the exit code is for BuildKit, the result went through the connection."""
    connection = transport.connect(transport.capture_descriptors())
    # The process lives for moments: looking for garbage takes longer than there is any.
    gc.disable()
    # Only now: on a busy machine, loading grpc takes longer than BuildKit waits for a greeting.
    from frontend.gateway.client import Gateway
    from frontend.gateway.session import run_build

    return run_build(Gateway(connection), _build)


def _build(gateway: Gateway) -> Result:
    # Within the session, so that even a failed import is told to the user. The first files are
    # asked for before the rest of the program is loaded.
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import parse

    request = parse(os.environ)
    reads = FirstReads.begin(gateway, request)
    from frontend.build import build

    return build(gateway, request, reads)


if __name__ == "__main__":
    # Threads that wait for the daemon must not keep it waiting for us.
    os._exit(main())
