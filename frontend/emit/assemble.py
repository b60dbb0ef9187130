"""Put the layers of a plan on the base."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import llb
from frontend.container.base_changes import change_base
from frontend.emit.layers import steps_of
from frontend.emit.step import ISOLATED, Building, Step
from frontend.model.layers import BaseLayer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.container.downloads import HermeticSources
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.context import Context
    from frontend.model.layers import Plan
    from frontend.project.workspace import Workspace


@dataclass(frozen=True)
class Emitted:
    """The whole image as a filesystem, its steps, and those of the builder's own packages."""

    image: llb.Output
    steps: tuple[Step, ...]
    builder_steps: tuple[Step, ...] = ()


def emit(
    plan: Plan,
    writer: StepWriter,
    env: BuildEnvironment,
    rootfs: llb.Output,
    workspace: Workspace,
    context: Context,
    *,
    prefix: str = "",
    merge: bool = True,
    hermetic: HermeticSources | None = None,
    base_env: BuildEnvironment | None = None,
    finishing: Mapping[str, str] = MappingProxyType({}),
    building: Building = ISOLATED,
) -> Emitted:
    """Write `plan` as LLB. `prefix` precedes progress lines (the platform, where several).

    `rootfs` is the base. Without `merge` the layers are copied even where the engine could lay them
    over each other. With `hermetic` no step has a network.
    `base_env` runs steps that are about the base itself, `finishing` says what becomes of installed
    packages.
    """
    total = len(plan.layers)
    tools = env.tools or env.rootfs
    builder_steps = [
        Step(BaseLayer(packages), tools, packages.report) for packages in env.tool_packages
    ]
    changes = []
    for number, layer in enumerate(plan.layers, 1):
        if isinstance(layer, BaseLayer):
            name = f"[{prefix}{number}/{total}] {layer.title}"
            rootfs = change_base(layer.change, rootfs, env, writer, name)
            changes.append(Step(layer, rootfs, layer.change.report))
    steps = steps_of(
        plan,
        writer,
        env,
        workspace,
        context,
        prefix=prefix,
        hermetic=hermetic,
        base_env=base_env,
        finishing=finishing,
        building=building,
    )
    merge = merge and writer.capabilities.supports("mergeop")
    image = _assemble(rootfs, steps, merge, prefix)
    return Emitted(image, (*changes, *steps), tuple(builder_steps))


def _assemble(base: llb.Output, steps: Sequence[Step], merge: bool, prefix: str) -> llb.Output:
    if merge:
        meta = llb.Metadata(name=f"[{prefix}image] put {len(steps)} layers on the base")
        merged = llb.merge(base, *(step.output for step in steps), meta=meta)
        assert isinstance(merged, llb.Output)
        return merged
    result = base
    for step in steps:
        result = llb.files(
            result,
            llb.Copy(step.output, "/", "/", contents_only=True),
            meta=llb.Metadata(name=f"[{prefix}image] {step.layer.title}"),
        )
    return result
