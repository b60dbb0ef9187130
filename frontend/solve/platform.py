"""Build the image of one platform."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from frontend.gateway import GatewayError, PlatformResult
from frontend.resolve import base_image
from frontend.resolve.platform import ResolvedPlatform, step_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from frontend.emit.image_config import ImageConfig
    from frontend.gateway import Gateway
    from frontend.gateway.result import Attestation
    from frontend.targets import TargetBuilder
    from frontend.targets.result import TargetResult


def building(
    gateway: Gateway, builder: TargetBuilder, resolved: ResolvedPlatform, result: TargetResult
) -> Callable[[], PlatformResult]:
    """Return a task that builds the image of one platform."""
    return lambda: build_platform(gateway, builder, resolved, result)


def build_platform(
    gateway: Gateway, builder: TargetBuilder, resolved: ResolvedPlatform, result: TargetResult
) -> PlatformResult:
    """Run the steps of `result`, what `builder` made for one platform, and its checks."""
    record = recording(gateway, resolved, result)
    try:
        if resolved.environment.cross:
            result = with_native_code(gateway, resolved, result, builder)
        ref = gateway.solve(result.filesystem, evaluate=True)
    except GatewayError as error:
        # Imported where it is needed: most builds succeed.
        from frontend.solve.failure import explain

        raise explain(gateway, resolved, result.all_steps, error) from error
    config = record() if record else result.config
    if result.checks:
        from frontend.solve import checks

        checks.run(gateway, resolved, result)
    bill: tuple[Attestation, ...] = ()
    if resolved.inputs.request.sbom:
        from frontend.sbom.attach import attestations

        bill = attestations(gateway, resolved, result, ref)
    return PlatformResult(resolved.platform, ref, config.to_json(), result.base_config, bill)


def with_native_code(
    gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult, builder: TargetBuilder
) -> TargetResult:
    """Make `result` anew, with the steps on the image's platform that must run there."""
    # Imported where it is needed: most images are for the engine's own platform.
    from frontend.solve import native_steps

    inputs, env, base = resolved.inputs, resolved.environment, resolved.base
    compiled = native_steps.find_compiled(gateway, inputs, result.steps)
    if not compiled:
        return result
    image, path = base.image, base.interpreter.path
    if inputs.settings.spec.builder:
        places = inputs.settings.origin("builder")
        name = inputs.settings.spec.builder
        image = base_image.resolve(
            gateway, inputs.request, name, resolved.platform, places, role="builder"
        )
        # As here, the builder has it where the base has it.
        path = env.interpreter.path
    native_env = step_image(inputs.request, env.uv, resolved.platform, image).with_interpreter(
        replace(base.interpreter, path=path)
    )
    env = native_steps.with_native_steps(
        gateway, resolved.writer, inputs, env, native_env, compiled
    )
    return builder.make(replace(resolved, environment=env))


def recording(
    gateway: Gateway, resolved: ResolvedPlatform, result: TargetResult
) -> Callable[[], ImageConfig] | None:
    """Begin to write down what an image is made from, while it is built.

    What is returned waits for the image's configuration with that in its labels, and for what is
    said of the previous image. None for files that are no image of layers, and where the user wants
    neither.
    """
    wanted = resolved.inputs.settings.spec.plan_labels is not False
    named = resolved.inputs.request.named_contexts
    if result.plan is None or not (wanted or named):
        return None

    def record() -> ImageConfig:
        from frontend.explain.files import complete_record
        from frontend.explain.labels import attached

        tell = None
        if named:
            from frontend.explain import progress

            tell = progress.start_comparison(gateway, resolved)
        if not wanted and not tell:
            return result.config
        made = complete_record(gateway, resolved, result)
        config = attached(result.config, made) if wanted else result.config
        if tell:
            tell(made, config)
        return config

    return gateway.begin(record)
