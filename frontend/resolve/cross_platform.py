"""Images for another platform than the one that the engine runs, made without running them.

Packages are installed in the build platform's variant of the same image: wheels for the other
platform are only unpacked, and bytecode does not depend on the processor. What is built from source
is built there, too, and belongs to every platform if its wheel says so. Where it does not, that one
step runs on the image's platform, for which the engine needs an emulator.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import llb
from frontend.container.paths import LAYER, ROOT
from frontend.container.scripts import steps
from frontend.errors import FrontendError
from frontend.inputs.inputs import base_places
from frontend.model.distribution import Distribution
from frontend.model.interpreter import Interpreter
from frontend.resolve import base_image
from frontend.resolve.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.gateway import Gateway
    from frontend.inputs.inputs import BuildInputs
    from frontend.model.base import BaseImage


_T = TypeVar("_T")


def build_platform_base(inputs: BuildInputs, resolve: Callable[[BuildInputs], _T]) -> _T:
    """Let `resolve` find what to install in: the variant of the base for the build platform.

    If the base has none, the official image that would be taken without `base`. FrontendError,
    about the base, where there is neither.
    """
    try:
        return resolve(inputs)
    except FrontendError:
        if not inputs.settings.spec.base:
            raise
        try:
            return resolve(with_python(inputs, ""))
        except FrontendError:
            pass
        raise


def with_python(inputs: BuildInputs, python: str) -> BuildInputs:
    """Return the inputs with an official image of `python` in place of the user's base."""
    changed = {"python": python} if python else {}
    return replace(inputs, settings=inputs.settings.without("base", "builder", **changed))


def probe_files(
    gateway: Gateway,
    writer: StepWriter,
    inputs: BuildInputs,
    base: BaseImage,
    platform: llb.Platform,
    env: BuildEnvironment,
) -> tuple[tuple[Interpreter, ...], Distribution]:
    """Every Python of `base`, and what else it holds, read in a step on `env`'s platform.

    FrontendError where it has no Python.
    """
    rootfs = base_image.filesystem(base, inputs.request, platform, f"[base] FROM {base.name}")
    python = env.interpreter
    step = writer.run(
        env,
        [
            python.path,
            "-I",
            "-S",
            f"{ROOT}/steps/foreign.py",
            f"{LAYER}/python.json",
            f"{ROOT}/base",
            base.path,
            python.path,
        ],
        name=f"[internal] look for Python in {base.name} for {platform.id}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("foreign")), llb.Bind(f"{ROOT}/base", rootfs)],
        network=False,
    )
    report = probe(gateway, step, "/python.json", base.name)
    if not report["pythons"]:
        raise FrontendError(
            f"{base.name} for {platform.id} has no Python",
            remedy="Choose an image that has CPython on PATH, such as python:3.13-slim.",
            places=base_places(inputs),
        )
    pythons = tuple(Interpreter.from_foreign(each, python, platform) for each in report["pythons"])
    return pythons, Distribution.from_probe(report)


def same_python(pythons: Sequence[Interpreter], build_python: Interpreter) -> Interpreter | None:
    """The first of `pythons` that `build_python` can install for: the same but for the last number.

    None where there is none, or uv knows no name for its platform.
    """
    wanted = (build_python.release, build_python.free_threaded)
    for python in pythons:
        if (python.release, python.free_threaded) == wanted and python.uv_platform:
            return python.clamped_to_uv_platform
    return None
