"""What `--target` can ask for, one module each.

Every module has two functions:

```
select(inputs)    -> BuildInputs    what else the target takes of the workspace; before uv is asked
make(resolved)    -> TargetResult   the result for one platform; nothing has run yet
```

They are imported when asked for: most builds need `image` alone.

Belongs here: what an image of the target holds, and how its containers run.
Does not belong here: how a layer is planned (`plan`) or made (`emit`).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from frontend.errors import FrontendError

if TYPE_CHECKING:
    from frontend.inputs.inputs import BuildInputs
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


DEFAULT = "image"


class TargetBuilder(Protocol):
    """How a target is made: what each of the modules offers."""

    def select(self, inputs: BuildInputs) -> BuildInputs:
        """Return the inputs with what else the target takes of the workspace."""

    def make(self, resolved: ResolvedPlatform) -> TargetResult:
        """Describe the result for one platform."""


@dataclass(frozen=True)
class BuildTarget:
    """A name for `--target`, and what one gets for it in a few words."""

    name: str
    description: str

    @property
    def builder(self) -> TargetBuilder:
        """The module that makes it."""
        return cast("TargetBuilder", import_module(f"{__name__}.{self.name}"))


TARGETS = (
    BuildTarget(DEFAULT, "the package, with everything that it needs to run"),
    BuildTarget("deps", "its third-party packages alone"),
    BuildTarget("wheels", "wheels of the package and of the members that it needs, as files"),
    BuildTarget("dev", "the package to work on: members linked to their sources, and dev groups"),
    BuildTarget("test", "runs the package's tests in its image for development"),
    BuildTarget("plan", "which layers the image would have, as files"),
)


def find(name: str) -> BuildTarget:
    """Return the target `name`, the default for none; FrontendError with the nearest name."""
    found = {target.name: target for target in TARGETS}
    if (name or DEFAULT) in found:
        return found[name or DEFAULT]
    nearest = difflib.get_close_matches(name.lower(), found, n=1)
    raise FrontendError(
        f"there is no target {name!r}",
        remedy=f"Did you mean {nearest[0]!r}?" if nearest else f"There are: {', '.join(found)}.",
    )


def names() -> tuple[str, ...]:
    """Every name for `--target`."""
    return tuple(target.name for target in TARGETS)
