"""The process that BuildKit starts: greet first, then everything else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from frontend.gateway import transport

if TYPE_CHECKING:
    from frontend.gateway.client import Gateway
    from frontend.gateway.result import Result


def main() -> int:
    """Serve one build; the exit code is for BuildKit, the result went through the connection."""
    connection = transport.connect(transport.capture_descriptors())
    # Only now: on a busy machine, loading grpc takes longer than BuildKit waits for a greeting.
    from frontend.gateway.client import Gateway
    from frontend.gateway.session import run_build

    return run_build(Gateway(connection), _build)


def _build(gateway: Gateway) -> Result:
    # Within the session, so that even a failed import is told to the user.
    from frontend.build import build
    from frontend.request import parse

    return build(gateway, parse(os.environ))


if __name__ == "__main__":
    # Threads that wait for the daemon must not keep it waiting for us.
    os._exit(main())
