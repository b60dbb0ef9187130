"""Whether programs of another platform run on this engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from frontend.errors import FrontendError
from frontend.gateway import GatewayError
from frontend.inputs.inputs import base_places

if TYPE_CHECKING:
    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs


def runs_here(platform: llb.Platform, build_platform: llb.Platform) -> bool:
    """Whether the engine's processor runs programs of `platform`."""
    return (platform.os, platform.architecture) == (build_platform.os, build_platform.architecture)


def runs(gateway: Gateway, writer: StepWriter, native_env: BuildEnvironment) -> bool:
    """Return whether the engine runs programs of `native_env`'s platform, by an emulator."""
    trial = writer.run(
        native_env,
        [native_env.interpreter.path, "-I", "-S", "-c", "pass"],
        name=f"[internal] run a program for {native_env.platform.id}",
        network=False,
    )
    try:
        gateway.solve(trial, evaluate=True)
    except GatewayError as error:
        if not error.is_solve_failure:
            raise
        return False
    return True


def check_runs(
    gateway: Gateway, writer: StepWriter, inputs: BuildInputs, native_env: BuildEnvironment
) -> None:
    """Refuse a platform that uv cannot install for from elsewhere, where nothing of it runs."""
    if not runs(gateway, writer, native_env):
        raise FrontendError(
            f"packages for {native_env.image.name} on {native_env.platform.id} can only be "
            "installed by running it, and this engine runs no programs for it",
            remedy="uv installs from elsewhere for x86-64 and ARM64, with glibc 2.17 or musl 1.2 "
            "or later. Register an emulator on the engine's machine, or add a node of that "
            "platform to the builder (docker buildx create --append).",
            places=base_places(inputs),
        )


def check_key_runs(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    native_env: BuildEnvironment,
    key: str,
) -> None:
    """Refuse a key that depends on what the Python of `native_env` answers, where none runs."""
    if not runs(gateway, writer, native_env):
        raise FrontendError(
            f"{key} is about what {native_env.image.name} has on {native_env.platform.id}, which "
            "its Python has to be asked for, and this engine runs no programs for it",
            remedy="Register an emulator on the engine's machine, or add a node of that platform "
            "to the builder (docker buildx create --append).",
            places=inputs.settings.origin(key),
        )
