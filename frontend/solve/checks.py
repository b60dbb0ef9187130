"""`checks`: commands that run in the finished file system, as a container of the image would.

Each is a step on the image whose changes nobody takes up: a build that succeeds leaves nothing of
it behind. What a check prints is in the progress; before it fails it leaves a report (`failure`).
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import llb
from frontend.container.environment import NETWORKS
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


def run(gateway: Gateway, resolved: ResolvedPlatform, product: TargetResult) -> None:
    """Run the checks of a product whose steps have run; FrontendError for the first that fails."""
    gateway.together(*(_running(gateway, resolved, product, check) for check in product.checks))


def _running(
    gateway: Gateway, resolved: ResolvedPlatform, product: TargetResult, check: Check
) -> Callable[[], None]:
    return lambda: _run(gateway, resolved, product, check)


def _run(gateway: Gateway, resolved: ResolvedPlatform, product: TargetResult, check: Check) -> None:
    report = _report(resolved, product, check)
    try:
        gateway.solve(step(resolved, product, check, report), evaluate=True)
    except GatewayError as error:
        if not error.step_end:
            raise
        found = read_report(gateway, resolved.builder, [report])
        how, output = error.step_end, ""
        if found:
            how, output = found["report"]["detail"], failure_message(found["report"]["output"])
        raise FrontendError(
            f"check failed: {check.text}: {how}" + (f"\n{output}" if output else ""),
            remedy="It ran in the finished image, as its user and in its working directory.",
            places=check.places,
        ) from error


def step(
    resolved: ResolvedPlatform, product: TargetResult, check: Check, report: str
) -> llb.Output:
    """The step of a check; its output is the image with whatever the check changed."""
    settings: dict[str, Any] = json.loads(product.config).get("config") or {}
    env = dict(item.split("=", 1) for item in settings.get("Env") or ())
    # uv is there for checks alone: `uv pip check` is a useful one.
    env["PATH"] = f"{env.get('PATH', '')}:{ROOT}"
    env["UV_NO_CACHE"] = "1"
    request, limits = resolved.inputs.request, resolved.inputs.request.limits
    shared = [llb.Tmpfs("/dev/shm", limits.shm_size)] if limits.shm_size else []
    done = llb.run(
        [
            resolved.target.path,
            *("-I", "-S", f"{ROOT}/steps/check.py"),
            report,
            str(settings.get("User") or "0"),
            *check.words,
        ],
        mounts=[
            llb.Writable("/", product.filesystem),
            llb.Bind(f"{ROOT}/steps", steps("check")),
            llb.Bind(f"{ROOT}/uv", resolved.builder.uv, selector=UV_IN_IMAGE),
            resolved.builder.reports(),
            *shared,
        ],
        env=sorted(env.items()),
        cwd=settings.get("WorkingDir") or "/",
        ulimits=[llb.Ulimit(*limit) for limit in limits.ulimits],
        cgroup_parent=limits.cgroup_parent,
        hostname=limits.hostname,
        network=llb.Network.NONE if resolved.hermetic else NETWORKS[request.network],
        hosts=[llb.Host(name, address) for name, address in request.hosts],
        platform=resolved.platform,
        meta=llb.Metadata(
            name=f"[{resolved.prefix}check] {check.text}", ignore_cache=request.unwanted(())
        ),
    )
    return done.output("/")


def _report(resolved: ResolvedPlatform, product: TargetResult, check: Check) -> str:
    """Name a check's report by what is checked: builds of other images run the same command."""
    parts = (
        resolved.base.identity,
        resolved.platform.id,
        *resolved.inputs.selection.packages,
        *check.words,
    )
    digest = hashlib.sha256("\0".join(parts).encode() + product.config).hexdigest()
    return f"{digest[:24]}.json"
