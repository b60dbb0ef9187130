"""`checks`: commands that run in the finished file system, as a container of the image would.

Each is a step on the image whose changes nobody takes up: a build that succeeds leaves nothing of
it behind. What a check prints is in the progress; before it fails it leaves a report (`failure`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import llb
from frontend.container.paths import ROOT, UV_IN_IMAGE
from frontend.container.scripts import steps
from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.solve.failure import failure_message, read_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.gateway import Gateway
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.checks import Check
    from frontend.targets.result import TargetResult


def run(gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult) -> None:
    """Run the checks of a result whose steps have run; FrontendError for the first that fails."""
    gateway.together(*(_running(gateway, resolved, result, check) for check in result.checks))


def _running(
    gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult, check: Check
) -> Callable[[], None]:
    return lambda: _run(gateway, resolved, result, check)


def _run(gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult, check: Check) -> None:
    report = _report(resolved, result, check)
    try:
        gateway.solve(step(resolved, result, check, report), evaluate=True)
    except GatewayError as error:
        if not error.step_end:
            raise
        found = read_report(gateway, resolved, [report])
        how, output = error.step_end, ""
        if found:
            how, output = found[1].detail, failure_message(found[1].output)
        raise FrontendError(
            f"check failed: {check.text}: {how}" + (f"\n{output}" if output else ""),
            remedy="It ran in the finished image, as its user and in its working directory.",
            places=check.places,
        ) from error


def step(resolved: ResolvedPlatform, result: TargetResult, check: Check, report: str) -> llb.Output:
    """The step of a check; its output is the image with whatever the check changed."""
    config = result.config
    variables = dict(config.env)
    # uv is there for checks alone: `uv pip check` is a useful one.
    variables["PATH"] = f"{variables.get('PATH', '')}:{ROOT}"
    variables["UV_NO_CACHE"] = "1"
    writer = resolved.writer
    return writer.execute(
        resolved.platform,
        [
            resolved.base.interpreter.path,
            *("-I", "-S", f"{ROOT}/steps/check.py"),
            report,
            config.effective_user,
            *check.words,
        ],
        name=f"[{resolved.progress_prefix}check] {check.text}",
        variables=variables,
        cwd=config.working_dir or "/",
        mounts=[
            llb.Writable("/", result.filesystem),
            llb.Bind(f"{ROOT}/steps", steps("check")),
            llb.Bind(f"{ROOT}/uv", resolved.environment.uv.filesystem, selector=UV_IN_IMAGE),
            writer.reports(),
        ],
        output="/",
        network=resolved.hermetic is None,
        ignore_cache=writer.options.ignores_cache_for(()),
    )


def _report(resolved: ResolvedPlatform, result: TargetResult, check: Check) -> str:
    """Name a check's report by what is checked: builds of other images run the same command."""
    parts = (
        resolved.base.image.identity,
        resolved.platform.id,
        *resolved.inputs.selection.packages,
        *check.words,
    )
    content = "\0".join(parts).encode() + result.config.to_json()
    digest = hashlib.sha256(content).hexdigest()
    return f"{digest[:24]}.json"
