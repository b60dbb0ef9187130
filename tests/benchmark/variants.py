"""The two ways of building that are compared."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine import Vertex

#: Name of the image that both take uv from, and that one of them is.
FRONTEND = "org/uv-frontend"
_OURS = Path(__file__).resolve().parents[2] / "examples" / "shop" / "Dockerfile"


@dataclass(frozen=True)
class Variant:
    """A Dockerfile for any package of a workspace; the build argument `argument` names it."""

    name: str
    dockerfile: Path
    argument: str

    def place(self, workspace: Path) -> None:
        """Make this the Dockerfile of the workspace."""
        shutil.copy(self.dockerfile, workspace / "Dockerfile")


GUIDE = Variant("guide", Path(__file__).with_name("guide.Dockerfile"), "PACKAGE")
OURS = Variant("ours", _OURS, "package")
VARIANTS = (GUIDE, OURS)

# `[builder 4/6] RUN …` of the Dockerfile frontend, `[5/21] rich 15.0.0` of ours. What is internal,
# and how layers become an image, has no number. Base images are numbered, but nothing runs there.
_STEP = re.compile(r"\[(?:[^\]]* )?\d+/\d+\] (?!FROM )")


def steps(vertexes: tuple[Vertex, ...]) -> int:
    """How many of the variant's own steps a successful build executed.

    They are RUN, COPY and WORKDIR, or our layers.
    """
    # With an imported cache BuildKit begins some steps and cancels them within microseconds, when
    # it has found their results: started, not cached, and with an error in a build without any.
    executed = [vertex for vertex in vertexes if vertex.executed and not vertex.error]
    return sum(bool(_STEP.match(vertex.name)) for vertex in executed)
