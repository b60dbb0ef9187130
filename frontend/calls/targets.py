"""`--call=targets`: what `--target` can be, and the packages of the workspace.

The form is BuildKit's (`frontend/subrequests/targets`), which knows targets alone: a package stands
there as the option that names it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frontend import calls
from frontend.config import settings
from frontend.findings import CheckPolicy
from frontend.inputs import manifests
from frontend.inputs.inputs import open_workspace
from frontend.lint.report import report_findings
from frontend.targets import DEFAULT, TARGETS

if TYPE_CHECKING:
    from frontend.gateway import Gateway, Result
    from frontend.inputs.first_reads import FirstReads
    from frontend.request import Request


def answer(gateway: Gateway, request: Request, reads: FirstReads) -> Result:
    """List both; no package need be chosen."""
    arguments = settings.from_arguments(request.arguments)
    context, workspace, _, findings = open_workspace(gateway, request, reads, arguments)
    report_findings(gateway, CheckPolicy.of(request), findings)
    members = workspace.lock.members
    workspace = manifests.read_manifests(
        gateway, context, workspace, members.values(), missing_ok=True
    )
    found: list[dict[str, Any]] = [
        {"name": target.name, "description": target.description} for target in TARGETS
    ]
    for target in found:
        if target["name"] == DEFAULT:
            target["default"] = True
    for name, member in members.items():
        manifest = workspace.manifests.get(name)
        if member.path == ".":
            manifest = workspace.root
        text = manifest.get("project", "description") if manifest else None
        described = " ".join(text.split()) if isinstance(text, str) else "package"
        found.append({"name": f"--build-arg package={name}", "description": described})
    rows = [
        (target["name"] + (" (default)" if target.get("default") else ""), target["description"])
        for target in found
    ]
    return calls.result(
        {"targets": found, "sources": []},
        calls.table([("TARGET", "DESCRIPTION"), *rows]),
    )
