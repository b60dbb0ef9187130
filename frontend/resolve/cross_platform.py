"""Images for another platform than the one that the engine runs, made without running them.

Packages are installed in the build platform's variant of the same image: wheels for the other
platform are only unpacked, and bytecode does not depend on the processor. What is built from source
is built there, too, and belongs to every platform if its wheel says so. Where it does not, that one
step runs on the image's platform, for which the engine needs an emulator.
"""

from __future__ import annotations

import json
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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.container.environment import BuildEnvironment
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
    """The same job on an official image of `python`, in place of the base that the user names."""
    changed = {"python": python} if python else {}
    return replace(inputs, settings=inputs.settings.without("base", "builder", **changed))


def probe_files(
    gateway: Gateway,
    inputs: BuildInputs,
    base: BaseImage,
    platform: llb.Platform,
    builder: BuildEnvironment,
) -> tuple[tuple[Interpreter, ...], Distribution]:
    """Every Python of `base`, and what else it holds, read in a step on `builder`'s platform.

    FrontendError where it has no Python.
    """
    assert builder.target is not None
    filesystem = base_image.filesystem(base, inputs.request, platform, f"[base] FROM {base.name}")
    output = builder.step(
        [
            builder.target.path,
            "-I",
            "-S",
            f"{ROOT}/steps/foreign.py",
            f"{LAYER}/python.json",
            f"{ROOT}/base",
            base.path,
            builder.target.path,
        ],
        name=f"[internal] look for Python in {base.name} for {platform.id}",
        mounts=[llb.Bind(f"{ROOT}/steps", steps("foreign")), llb.Bind(f"{ROOT}/base", filesystem)],
        network=False,
    )
    report = gateway.solve(output).read_file("/python.json")
    found = json.loads(report)["pythons"]
    if not found:
        raise FrontendError(
            f"{base.name} for {platform.id} has no Python",
            remedy="Choose an image that has CPython on PATH, such as python:3.13-slim.",
            places=base_places(inputs),
        )
    pythons = tuple(Interpreter.from_foreign(each, builder.target, platform) for each in found)
    return pythons, Distribution.from_probe(report)


def same_python(found: Sequence[Interpreter], here: Interpreter) -> Interpreter | None:
    """The first interpreter that `here` can install for: of the same version, but the last number.

    None where there is none, or uv knows no name for its platform.
    """
    for target in found:
        same = (target.release, target.free_threaded) == (here.release, here.free_threaded)
        if same and target.uv_platform:
            return target.clamped_to_uv_platform
    return None
