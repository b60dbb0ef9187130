"""What a user sees of a build that fails: excerpts of files, and the final error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Build, Engine

# What engines say before our message: buildx, and Docker 20.10 in its own ways, which of them is
# chance: the failure reaches buildx by two calls.
_ERROR = re.compile(
    r"^ERROR: (?:failed to build: )?(?:failed to solve|failed to run Build function): "
    r"(?:rpc error: code = Unknown desc = |failed to solve with frontend [a-z]+\.v0: )*",
    re.MULTILINE,
)
_BARE = re.compile("process |executor failed|exit code|no result")
_EXCERPT = re.compile(
    r"^(?P<file>.+):(?P<line>\d+)\n-{20}\n(?P<lines>(?: *\d+ \|.*\n)+)-{20}\n", re.MULTILINE
)
_LINE = re.compile(r" *\d+ \| (?P<mark>>>>|   )(?P<text>.*)")


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


def fail(
    engine: Engine, folder: Path | str, *options: str, ca: bool = True, **arguments: str
) -> Shown:
    """Build `folder`, which must fail, and return what the user sees.

    Fails if that is a stack trace, or no more than how some process has ended.
    """
    build = engine.build(folder, *options, build_args=arguments, ca=ca, check=False)
    assert not build.ok, "the build had to fail"
    shown = _parse(build)
    assert "Traceback" not in build.report(), build.report()
    assert not _BARE.match(shown.message), build.report()
    return shown


def _parse(build: Build) -> Shown:
    before, *after = _ERROR.split(build.error + "\n")
    assert len(after) == 1, f"one final error expected:\n{build.report()}"
    # Docker 20.10 has the excerpt in the message, as it passes on nothing else.
    excerpts = [_excerpt(found) for found in _EXCERPT.finditer(before + after[0])]
    return Shown(tuple(excerpts), _EXCERPT.sub("", after[0]).strip("\n"), build)


def _excerpt(found: re.Match[str]) -> Excerpt:
    lines = [_LINE.fullmatch(line) for line in found["lines"].splitlines()]
    marked = [line["text"].strip() for line in lines if line and line["mark"] == ">>>"]
    return Excerpt(found["file"], int(found["line"]), tuple(marked))
