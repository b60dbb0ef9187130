"""What `docker buildx build --call=NAME` can ask for: answers without an image.

BuildKit calls them subrequests (frontend/subrequests). An answer is metadata of the result:
`result.json` for programs and `result.txt` for people.
"""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from frontend.errors import FrontendError
from frontend.gateway import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.context import FirstReads
    from frontend.gateway import Gateway
    from frontend.request import Request

#: The module of each call, by the name that clients send.
CALLS: Mapping[str, str] = {
    "frontend.affected": "frontend.calls.affected",
}


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Answer the call of `request`; FrontendError for one that is not known."""
    if request.call not in CALLS:
        raise FrontendError(f"unsupported request {request.call}")
    found: Result = importlib.import_module(CALLS[request.call]).answer(gateway, request, reads)
    return found


def result(document: Mapping[str, Any], text: str, *, version: str = "1.0.0") -> Result:
    """Return an answer in both forms; `version` is that of the document's."""
    data = json.dumps(document, indent=2, ensure_ascii=False)
    return Result(
        metadata={
            "result.json": f"{data}\n".encode(),
            "result.txt": text.encode(),
            "version": version.encode(),
        }
    )
