"""`--call=subrequests.describe`: which calls there are (BuildKit's `frontend/subrequests`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import calls

if TYPE_CHECKING:
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


_METADATA = ("result.json", "result.txt", "version")


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """List the calls; the workspace does not matter."""
    listed = [
        {
            "name": call.id,
            "version": call.version,
            "type": "rpc",
            "description": call.description,
            "metadata": [{"name": name} for name in _METADATA],
        }
        for call in calls.CALLS
    ]
    rows = [(call.id, call.version, call.description) for call in calls.CALLS]
    return calls.result(listed, calls.table([("NAME", "VERSION", "DESCRIPTION"), *rows]))
