"""What a target is made from, and what comes of it, for one platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import llb
    from frontend.emit.image_config import ImageConfig
    from frontend.emit.step import Step
    from frontend.model.layers import Plan
    from frontend.targets.checks import Check


@dataclass(frozen=True)
class TargetResult:
    """A filesystem with its image configuration, and the steps that may fail on the way to it.

    `builder_steps` install the builder's own packages, before all others. `base_config` is the
    configuration of its base, if it has one. `plan` says what is in it where it is an image of
    layers, and `base_rootfs` is the filesystem below these. `checks` run in the finished file
    system.
    """

    filesystem: llb.Output
    config: ImageConfig
    steps: tuple[Step, ...] = ()
    builder_steps: tuple[Step, ...] = ()
    base_config: bytes | None = None
    plan: Plan | None = None
    base_rootfs: llb.Output | None = None
    checks: tuple[Check, ...] = ()

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Every step, the builder's own first."""
        return (*self.builder_steps, *self.steps)
