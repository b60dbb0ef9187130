"""`--call=plan`: the layers that the image would have; the target `plan` writes the same to files.

No call of BuildKit's: clients print `result.txt`, or `result.json` when they are asked for JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import calls, targets
from frontend.inputs.inputs import read
from frontend.lint.report import report_findings, resolved_findings
from frontend.resolve.platform import resolve_platforms
from frontend.targets import plan, plan_document

if TYPE_CHECKING:
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Plan the image for all platforms of the request."""
    builder = targets.find("plan").builder
    inputs = builder.select(read(gateway, request, reads))
    platforms = resolve_platforms(gateway, inputs)
    report_findings(gateway, inputs.check_policy, resolved_findings(platforms))
    document = plan.document(platforms)
    return calls.result(document.model_dump(), plan_document.to_text(document))
