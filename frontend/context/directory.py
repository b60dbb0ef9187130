"""A context: a source, the ignore file that holds for it, and what a build takes from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import llb
from frontend.context.ignore import ignoring_line, parse_ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from frontend.context.source import Source
    from frontend.errors import SourceFile


VERSION_CONTROL = "**/.git"
#: Never part of a member: environments, caches, what an earlier build left, version control.
_LEFTOVERS = (
    VERSION_CONTROL,
    "**/.venv",
    "**/__pycache__",
    "**/*.py[co]",
    "**/*.egg-info",
    "**/.mypy_cache",
    "**/.pytest_cache",
    "**/.ruff_cache",
    "**/.tox",
    "**/.nox",
)
_BUILD_LEFTOVERS = ("build/lib*", "build/bdist.*", "dist/*.whl", "dist/*.tar.gz")


@dataclass(frozen=True)
class Context:
    """A directory with sources, local or fetched, with the patterns that keep files out of it.

    `members` are the contexts that stand in for packages of the workspace, by their names.
    `keeps_git` keeps .git in it, for versions made from tags.
    """

    source: Source
    ignore: SourceFile | None = None
    members: Mapping[str, Context] = field(default_factory=dict)
    keeps_git: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """The ignore file's patterns, as BuildKit takes them; none for what is no local one."""
        return parse_ignore(self.ignore.text) if self.ignore and not self.source.remote else ()

    def named_files(self, paths: Sequence[str], purpose: str) -> llb.Output:
        """Return a filesystem to read these files from; it lacks those that are missing."""
        return self.source.files(paths, self.patterns, purpose)

    def only_files(self, paths: Sequence[str], folder: str, name: str) -> llb.Output:
        """Return these files alone, which are below `folder`, at their paths relative to it."""
        return llb.files(
            llb.SCRATCH,
            *self.source.copied_files(paths, folder, self.patterns, name),
            meta=llb.Metadata(name=f"[internal] {name}"),
        )

    def directory(
        self,
        path: str,
        *,
        name: str,
        without: Iterable[str] = (),
        instead: Mapping[str, bytes] | None = None,
    ) -> llb.Output:
        """Return a directory of the context without ignored files and leftovers of builds.

        `without` are further paths to keep out, relative to the context's root. `instead` are files
        to put into it.
        """
        inside = "" if path == "." else f"{path}/"
        others = [
            other.removeprefix(inside) for other in sorted(without) if other.startswith(inside)
        ]
        excluded = [*self._leftovers, *_BUILD_LEFTOVERS, *others]
        # The copy is what later steps are keyed by: content, not the path to it, nor the umask of
        # whoever checked it out (which engines before BuildKit 0.17 cannot even out).
        return llb.files(
            llb.SCRATCH,
            *self.source.copied_directory(path, excluded, self.patterns, name),
            *(
                llb.Mkfile(f"/{file}", data, timestamp=0)
                for file, data in sorted((instead or {}).items())
            ),
            meta=llb.Metadata(name=f"[internal] files of {name}"),
        )

    def tree(self, paths: Sequence[str], name: str) -> llb.Output:
        """Return directories and files of the context at their paths in it, `.` for everything.

        A context that lies on the engine is returned as a whole, with files that `directory`
        leaves out.
        """
        return self.source.tree(paths, (*self.patterns, *self._leftovers), name)

    @property
    def _leftovers(self) -> list[str]:
        return [p for p in _LEFTOVERS if not (self.keeps_git and p == VERSION_CONTROL)]

    def selected(self, paths: Sequence[str], name: str) -> llb.Output:
        """Return the files and directories of the context that match paths or patterns."""
        patterns = tuple(dict.fromkeys(path.strip("/") for path in paths))
        return llb.files(
            llb.SCRATCH,
            *self.source.copied_selection(patterns, self.patterns, name),
            meta=llb.Metadata(name=f"[internal] copy {name}"),
        )

    def ignoring(self, path: str) -> int:
        """Return the line of the ignore file (from 1) that keeps `path` out; 0 if none does."""
        return ignoring_line(self.ignore.text, path) if self.ignore else 0
