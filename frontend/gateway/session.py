"""One build from the first call to the exit code.

BuildKit wants exactly one Return. What it makes of the exit code (`frontend/gateway/gateway.go`): a
non-zero one discards a result and is ignored after an error; a process that returns nothing at all
shows the user nothing but its number.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from frontend.gateway.failures import ConnectionLostError, GatewayError
from frontend.gateway.status import log_traceback, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.gateway.client import Gateway
    from frontend.gateway.result import Result


def run_build(gateway: Gateway, build: Callable[[Gateway], Result]) -> int:
    """Builds and returns the result, or whatever went wrong; gives the exit code.

    The caller ends the process with it by `os._exit`: threads of grpc or of a call that nobody
    waits for any more must not keep BuildKit waiting.
    """
    try:
        gateway.return_result(build(gateway))
    except ConnectionLostError as error:
        return _lost(error)
    except BaseException as error:  # also SystemExit: the user must be told
        log_traceback(error)
        # What was returned cannot be taken back, but the exit code makes BuildKit discard it.
        return 1 if gateway.returned else _return_error(gateway, error)
    finally:
        sys.stdout.flush()  # os._exit does not
    return 0


def _return_error(gateway: Gateway, error: BaseException) -> int:
    try:
        # Daemons that warn also hand typed errors to their clients.
        typed = gateway.ping().frontend.supports("gateway.warnings")
        gateway.return_error(status_of(error, typed=typed))
    except GatewayError as failure:
        return _lost(failure)
    return 1


def _lost(error: GatewayError) -> int:
    sys.stderr.write(f"uv-frontend: {error.message}\n")
    sys.stderr.flush()
    return 1
