"""Steps that must run on the image's own platform: builds of native code."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from frontend.container.environment import CrossBuild
from frontend.container.uv_settings import builds
from frontend.errors import FrontendError, Location
from frontend.gateway import PathNotFoundError
from frontend.resolve.emulation import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.emit.step import Step
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs


@dataclass(frozen=True)
class Compiled:
    """A step whose result is for one platform only; `tag` is that of its wheel."""

    step: Step
    tag: str


def find_compiled(
    gateway: Gateway, inputs: BuildInputs, made: Sequence[Step]
) -> tuple[Compiled, ...]:
    """Build what is built from source, and return what is for the build platform alone.

    GatewayError where a step fails.
    """
    settings = inputs.workspace.root.get("tool", "uv") or {}
    building = [step for step in made if step.report and builds(settings, step.layer)]
    tags = gateway.together(*(_looking(gateway, step) for step in building))
    return tuple(Compiled(step, tag) for step, tag in zip(building, tags, strict=True) if tag)


def _looking(gateway: Gateway, step: Step) -> Callable[[], str]:
    return lambda: _platform_tag(gateway, step.output)


def _platform_tag(gateway: Gateway, layer: llb.Output) -> str:
    """The tag of the first wheel in `layer` that is not for every platform; empty without one.

    From the file WHEEL of installed distributions (PEP 427).
    """
    ref = gateway.solve(layer, evaluate=True)
    try:
        versions = ref.read_dir("/app/.venv/lib")
    except PathNotFoundError:
        # Not installed, but wheels themselves.
        tags = (each.name.removesuffix(".whl").split("-", 2) for each in ref.read_dir("/", "*.whl"))
        return next((tag for *_, tag in tags if tag.rpartition("-")[2] != "any"), "")
    for version in versions:
        packages = f"/app/.venv/lib/{version.name}/site-packages"
        for folder in ref.read_dir(packages, "*.dist-info"):
            try:
                about = ref.read_file(posixpath.join(packages, folder.name, "WHEEL"))
            except PathNotFoundError:
                continue
            for line in about.decode().splitlines():
                name, _, value = line.partition(":")
                if name.lower() == "tag" and value.strip().rpartition("-")[2] != "any":
                    return value.strip()
    return ""


def with_native_steps(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    env: BuildEnvironment,
    native_env: BuildEnvironment,
    compiled: Sequence[Compiled],
) -> BuildEnvironment:
    """Return `env` with the steps of `compiled` in `native_env`, of the image's platform.

    FrontendError where the engine runs no programs for it.
    """
    if not runs(gateway, writer, native_env):
        raise _not_runnable(inputs, native_env.platform, env.platform, compiled)
    reports = frozenset(item.step.report for item in compiled)
    return replace(env, cross=CrossBuild(native_env, reports))


def _not_runnable(
    inputs: BuildInputs, platform: llb.Platform, here: llb.Platform, found: Sequence[Compiled]
) -> FrontendError:
    places: list[Location] = []
    said = []
    for each in found:
        layer = each.step.layer
        names = [member.name for member in layer.members]
        names += [f"{package.name} {package.version}" for package in layer.packages]
        said.append(f"{', '.join(names)} (its wheel is for {each.tag})")
        if layer.member:
            places.append(inputs.workspace.manifest(layer.member).place("build-system"))
        elif layer.packages:
            first = layer.packages[0]
            places.append(inputs.workspace.lock.place(first.name, first.version))
    return FrontendError(
        f"{', '.join(said)} must be built on {platform.id}, and this engine on {here.id} runs no "
        "programs for it",
        remedy="Register an emulator on the engine's machine, add a node of that platform to the "
        "builder (docker buildx create --append), or choose a version that has a wheel for it.",
        places=tuple(places[:1]),
    )
