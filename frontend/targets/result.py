"""What a target is made from, and what comes of it, for one platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import llb
    from frontend.emit.step import Step
    from frontend.model.layers import Plan
    from frontend.targets.checks import Check


@dataclass(frozen=True)
class TargetResult:
    """A filesystem with its image configuration, and the steps that may fail on the way to it.

    `base_config` is the configuration of the image it stands on, if it stands on one. `plan` says
    what is in it where it is an image of layers, and `below` is the filesystem that these lie on.
    `checks` run in the finished file system.
    """

    filesystem: llb.Output
    config: bytes
    steps: tuple[Step, ...] = ()
    base_config: bytes | None = None
    plan: Plan | None = None
    below: llb.Output | None = None
    checks: tuple[Check, ...] = ()
