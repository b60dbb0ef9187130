"""What a user sees of a build that fails: excerpts of files, and the final error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build, Engine

_RULE = "-" * 20
_ERROR = re.compile(r"^ERROR: (?:failed to build: )?failed to solve: ", re.M)
_LINE = re.compile(r" *(\d+) \| (>>>|   )(?: (.*))?")


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file as buildx prints them; `marked` are those behind `>>>`, without indentation.

    `line` is the one named in the excerpt's heading.
    """

    file: str
    line: int
    marked: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.file}:{self.line}", *self.marked])


@dataclass(frozen=True)
class Shown:
    """The end of a failed build's output."""

    excerpts: tuple[Excerpt, ...]
    message: str
    build: Build

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def remedy(self) -> str:
        """The rest of it."""
        return self.message.partition("\n")[2]

    @property
    def where(self) -> str:
        """The one excerpt: file and line, then the lines marked in it."""
        assert len(self.excerpts) == 1, self.build.report()
        return str(self.excerpts[0])


def fail(engine: Engine, folder: Path, *options: str, ca: bool = True, **arguments: str) -> Shown:
    """Build `folder`, which must fail, and return what the user sees.

    Fails if that is a stack trace, or the number of an exit code.
    """
    build = engine.build(folder, *options, build_args=arguments, ca=ca, check=False)
    assert not build.ok, "the build had to fail"
    shown = _parse(build)
    assert "Traceback" not in build.report(), build.report()
    assert "exit code" not in shown.message, build.report()
    return shown


def _parse(build: Build) -> Shown:
    before, *after = _ERROR.split(build.error)
    assert len(after) == 1, f"one final error expected:\n{build.report()}"
    excerpts = []
    lines = before.splitlines()
    for number, line in enumerate(lines[:-1]):
        if lines[number + 1] == _RULE and ":" in line:
            file, _, start = line.rpartition(":")
            marked = []
            for shown in lines[number + 2 :]:
                if shown == _RULE:
                    break
                found = _LINE.fullmatch(shown)
                assert found, f"not a line of an excerpt: {shown!r}"
                if found.group(2) == ">>>":
                    marked.append((found.group(3) or "").strip())
            excerpts.append(Excerpt(file, int(start), tuple(marked)))
    return Shown(tuple(excerpts), after[0], build)
