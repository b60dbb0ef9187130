"""One step of a build: a layer, the operation that makes it, and its report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.model.layers import Layer
    from frontend.model.packages import LockedPackage


#: The variable that says whether bytecode is made: `1`, or `0`.
BYTECODE = "UV_COMPILE_BYTECODE"
#: 1980-01-01, the time that every file of a layer has (`steps/finish.py`).
TIMESTAMP = 315532800


@dataclass(frozen=True)
class StepInput:
    """Files of the build context that a step takes: a package's, or those that `files` names.

    `manifest` replaces a package's own.
    """

    name: str
    output: llb.Output
    manifest: str = ""


@dataclass(frozen=True)
class Step:
    """A layer and the filesystem its step writes; `report` names the report a failure leaves.

    `inputs` are what it takes from the build context.
    """

    layer: Layer
    output: llb.Output
    report: str
    inputs: tuple[StepInput, ...] = ()


@dataclass(frozen=True)
class Building:
    """What builds from source see besides the sources themselves.

    `include` are paths of the workspace that the build of every member may read, `packages` what
    the image holds, `versions` those of members that would look for them in git. `build_file` is
    no part of the root package.
    """

    include: tuple[str, ...] = ()
    packages: tuple[LockedPackage, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    build_file: str = "Dockerfile"


ISOLATED = Building()


def report_name(env: BuildEnvironment, *parts: str) -> str:
    """Name a report by what its step does and where, so that the step's cache key stays.

    Builds on other images may do the same at the same time, and fail for another reason.
    """
    place = (env.image.identity, env.platform.id, env.interpreter.path)
    digest = hashlib.sha256("\0".join((*place, *parts)).encode()).hexdigest()
    return f"{digest[:24]}.json"
