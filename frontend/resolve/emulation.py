"""Whether programs of another platform run on this engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.inputs.inputs import base_places

if TYPE_CHECKING:
    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs


def runs_here(platform: llb.Platform, build_platform: llb.Platform) -> bool:
    """Whether the engine's processor runs programs of `platform`."""
    return (platform.os, platform.architecture) == (build_platform.os, build_platform.architecture)


def runs(gateway: Gateway, native: BuildEnvironment) -> bool:
    """Whether the engine runs programs of `native`'s platform, by an emulator."""
    assert native.target is not None
    trial = native.step(
        [native.target.path, "-I", "-S", "-c", "pass"],
        name=f"[internal] run a program for {native.platform.id}",
        network=False,
    )
    try:
        gateway.solve(trial, evaluate=True)
    except GatewayError as error:
        if not error.is_solve_failure:
            raise
        return False
    return True


def check_runs(gateway: Gateway, inputs: BuildInputs, native: BuildEnvironment) -> None:
    """Refuse a platform that uv cannot install for from elsewhere, where nothing of it runs."""
    if not runs(gateway, native):
        raise FrontendError(
            f"packages for {native.image.name} on {native.platform.id} can only be installed by "
            "running it, and this engine runs no programs for it",
            remedy="uv installs from elsewhere for x86-64 and ARM64, with glibc 2.17 or musl 1.2 "
            "or later. Register an emulator on the engine's machine, or add a node of that "
            "platform to the builder (docker buildx create --append).",
            places=base_places(inputs),
        )


def check_asked(gateway: Gateway, inputs: BuildInputs, native: BuildEnvironment, key: str) -> None:
    """Refuse a key whose meaning only the Python of `native`'s image can tell, where none runs."""
    if not runs(gateway, native):
        raise FrontendError(
            f"{key} is about what {native.image.name} has on {native.platform.id}, which its "
            "Python has to be asked for, and this engine runs no programs for it",
            remedy="Register an emulator on the engine's machine, or add a node of that platform "
            "to the builder (docker buildx create --append).",
            places=inputs.settings.origin(key),
        )
