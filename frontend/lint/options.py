"""Facts about the options of a build: those that have no effect, and those that show a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from frontend import targets
from frontend.container.writer import RESOURCES
from frontend.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import llb
    from frontend.request import Request
    from frontend.targets.result import TargetResult


def passwords(request: Request) -> Iterator[Finding]:
    """Find a proxy's password in a build argument: BuildKit writes these down."""
    if any(urlsplit(address).password for address in request.exec_options.proxy.values()):
        yield Finding(
            None,
            "a build argument holds a proxy's password, which is kept in the build's provenance",
            detail=(
                "Pass the proxy's address as a secret: --secret id=HTTPS_PROXY,env=HTTPS_PROXY",
            ),
        )


def without_effect(
    request: Request, capabilities: llb.Capabilities, result: TargetResult
) -> Iterator[Finding]:
    """Find options that change nothing of `result` or of its steps."""
    names = {request.target or targets.DEFAULT, *targets.names()}
    for step in result.all_steps:
        names |= step.layer.names
    for name in request.no_cache or ():
        if canonicalize_name(name) not in names:
            yield Finding(
                None,
                f"--no-cache-filter={name} has no effect: no step of this build goes by that name",
                detail=("It is the name of a package, of a target, or of a kind of layer.",),
            )
    if request.exec_options.resources is not None and not capabilities.supports(RESOURCES):
        yield Finding(
            None,
            "limits of memory and processors have no effect: this engine cannot limit the steps of "
            "a build (BuildKit 0.31 can)",
        )
