"""One run of the frontend, and all that it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.gateway import (
    BUILDKIT_0_8,
    BUILDKIT_0_25_CONTAINERD,
    BUILDKIT_0_25_GRAPHDRIVER,
    BUILDKIT_0_32,
    Profile,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.graphs.answers import Failure

GOLDEN = Path(__file__).with_name("golden")
PROFILES: Mapping[str, Profile] = {
    "newest": BUILDKIT_0_32,
    "containerd": BUILDKIT_0_25_CONTAINERD,
    "graph driver": BUILDKIT_0_25_GRAPHDRIVER,
    "old": BUILDKIT_0_8,
}


@dataclass(frozen=True)
class Case:
    """One run; `options` are those that BuildKit hands to a frontend.

    `workspace` names a workspace (`locks.source`), which lies in `folder` of the context. `files`
    are put over it, None takes one away; a pair is a text and what takes its place. `contexts` are
    folders by their names, as workspaces or as files; `inputs` are filesystems that the client
    hands over: bases, or workspaces as `NAME:FOLDER`. `previous` is a case whose image is there
    under the name `run.PREVIOUS`. `platform` is the engine's own. `writes`, `fails` and `emulated`
    are those of `Answers`.
    """

    name: str
    workspace: str
    options: Mapping[str, str] = field(default_factory=dict)
    profile: str = "newest"
    platform: str = "linux/amd64"
    folder: str = ""
    files: Mapping[str, str | tuple[str, str] | None] = field(default_factory=dict)
    contexts: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    previous: Case | None = None
    writes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fails: Mapping[str, Failure] = field(default_factory=dict)
    emulated: bool = True

    @property
    def golden(self) -> Path:
        """The file with what has been reviewed."""
        return GOLDEN / f"{self.name}.txt"
