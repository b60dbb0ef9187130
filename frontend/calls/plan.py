"""`--call=plan`: the layers that the image would have; the target `plan` writes the same to files.

No call of BuildKit's: clients print `result.txt`, or `result.json` when they are asked for JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import calls, targets
from frontend.inputs.inputs import read
from frontend.resolve.platform import resolve_platforms
from frontend.targets import plan, plan_document

if TYPE_CHECKING:
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Plan the image for all platforms of the request."""
    recipe = targets.find("plan").recipe
    inputs = recipe.select(gateway, read(gateway, request, reads))
    found = plan.document(resolve_platforms(gateway, inputs))
    return calls.result(found.model_dump(), plan_document.to_text(found))
