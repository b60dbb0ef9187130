"""The process that BuildKit starts: greet first, then everything else."""

from __future__ import annotations

import os

from frontend.gateway import transport


def main() -> int:
    """Serve one build; the exit code is for BuildKit, the result went through the connection."""
    connection = transport.connect(transport.capture_descriptors())
    # Only now: loading grpc and the rest takes longer than BuildKit would wait for a greeting from
    # a busy machine.
    from frontend.build import build
    from frontend.gateway.client import Gateway
    from frontend.gateway.session import run
    from frontend.request import parse

    return run(Gateway(connection), lambda gateway: build(gateway, parse(os.environ)))


if __name__ == "__main__":
    # Threads that wait for the daemon must not keep it waiting for us.
    os._exit(main())
