"""One build, from the request to what is returned: where reading, planning and emitting meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend import targets
from frontend.gateway import Result
from frontend.inputs.inputs import read
from frontend.lint import report
from frontend.resolve.platform import resolve_platforms
from frontend.solve.platform import building, note_passwords

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


def build(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """Build what `request` asks for. FrontendError for what the user can mend."""
    if request.call:
        from frontend import calls

        return calls.answer(gateway, request, reads)
    recipe = targets.find(request.target).recipe
    inputs = recipe.select(gateway, read(gateway, request, reads))
    note_passwords(gateway, request)
    report.require_admitted_uv(inputs)
    found = resolve_platforms(gateway, inputs)
    report.report_findings(gateway, found)
    images = gateway.together(*(building(gateway, recipe, resolved) for resolved in found))
    metadata: dict[str, bytes] = {}
    if request.epoch_of_context:
        from frontend.resolve import epoch

        when = found[0].inputs.request.source_date_epoch
        metadata = {} if when is None else {epoch.METADATA: str(when).encode()}
    return Result.image(images, multi_platform=request.multi_platform, metadata=metadata)
