"""Builds as values, and a daemon that answers from a table, for tests of what follows from them."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import llb
from frontend.config.settings import Settings, from_build_file, merge_sources, parse_build_file
from frontend.context.directory import Context
from frontend.context.source import LocalSource
from frontend.errors import SourceFile
from frontend.gateway import Entry, Kind, PathNotFoundError, Ref
from frontend.gateway.types import Pong
from frontend.inputs.inputs import BuildInputs
from frontend.model.base import BaseImage
from frontend.model.distribution import Distribution
from frontend.model.packages import Closure, Selection
from frontend.project.workspace import open_workspace
from frontend.request import Request
from frontend.resolve.base_profile import BaseProfile
from frontend.resolve.platform import ResolvedPlatform
from frontend.toml_document import TomlDocument
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

AMD64 = llb.Platform("linux", "amd64")
BASE = BaseImage(
    "python:3.13-slim", "python:3.13-slim@sha256:" + "b" * 64, "sha256:" + "b" * 64, {}
)


def request(**options: str) -> Request:
    """Return a request; two underscores in a name stand for a colon, one for a hyphen."""
    names = {name.replace("__", ":").replace("_", "-"): text for name, text in options.items()}
    return Request(names, session="s1", build_platform=AMD64)


def settings(text: str = "") -> Settings:
    """Return the settings of a build file."""
    return merge_sources(from_build_file(parse_build_file(SourceFile("Dockerfile", text))))


def inputs(
    files: Mapping[str, str],
    package: str,
    *,
    build_file: str = "",
    ignore: str = "",
    asked: Request | None = None,
    groups: tuple[str, ...] = (),
) -> BuildInputs:
    """Return what a build of `package` reads; `files` are a workspace at the context's root."""
    sources = {name: SourceFile(name, text) for name, text in files.items()}
    workspace = open_workspace(".", sources)
    manifests = {
        name: TomlDocument.parse(sources[path])
        for name, local in workspace.lock.local_packages.items()
        if (path := workspace.manifest_path(local)) in sources
    }
    return BuildInputs(
        request=asked or request(),
        context=Context(
            LocalSource("context", "s1"), SourceFile(".dockerignore", ignore) if ignore else None
        ),
        settings=settings(build_file),
        workspace=replace(workspace, manifests=manifests),
        packages=(workspace.lock.local_packages[package],),
        selection=Selection(package, groups=groups),
    )


def resolved(
    read: BuildInputs, closure: Closure | None = None, *, created: int | None = None
) -> ResolvedPlatform:
    """Return a platform without what only steps need: environment and writer."""
    unused: Any = None
    return ResolvedPlatform(
        inputs=read,
        platform=AMD64,
        progress_prefix="",
        base=BaseProfile(BASE, Distribution("debian", "13"), unused, target()),
        environment=unused,
        writer=unused,
        closure=closure or Closure((), ()),
        hermetic=None,
        versions={},
        created=created,
        findings=(),
    )


class Files:
    """A filesystem to read, by absolute paths."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {path: text.encode() for path, text in files.items()}

    def read_file(self, ref_id: str, path: str, limit: int | None) -> bytes:
        """See Reader."""
        if path not in self._files:
            raise PathNotFoundError(path)
        return self._files[path][:limit]

    def read_dir(self, ref_id: str, path: str, pattern: str) -> tuple[Entry, ...]:
        """See Reader."""
        below = [p.removeprefix(f"{path}/") for p in self._files if p.startswith(f"{path}/")]
        if not below:
            raise PathNotFoundError(path)
        folders = {name.partition("/")[0]: "/" in name for name in below}
        return tuple(
            Entry(name, Kind.DIRECTORY if folder else Kind.FILE, 0o755, 0, 0, 0, 0)
            for name, folder in sorted(folders.items())
            if not pattern or fnmatch(name, pattern)
        )

    def stat(self, ref_id: str, path: str) -> Entry:
        """See Reader."""
        raise PathNotFoundError(path)

    def evaluate(self, ref_id: str) -> None:
        """See Reader."""


class Daemon:
    """What a gateway does, less the connection: it counts calls and answers from a table.

    `solved` are files of the filesystems that are solved, in the order of the calls; `images` are
    what `resolve_image` returns or raises.
    """

    def __init__(
        self,
        solved: Iterable[Mapping[str, str]] = (),
        *,
        capabilities: Iterable[str] = (),
        images: Mapping[str, Any] | None = None,
    ) -> None:
        self.solves: list[tuple[llb.Output, bool]] = []
        self.lookups: list[str] = []
        self.warnings: list[tuple[str, dict[str, Any]]] = []
        self._solved = list(solved)
        self._images = images or {}
        self._pong = Pong(llb.Capabilities.of(*capabilities), llb.Capabilities.of(), ())

    def ping(self) -> Pong:
        """See Gateway."""
        return self._pong

    def solve(self, what: llb.Output, *, evaluate: bool = False) -> Ref:
        """See Gateway."""
        self.solves.append((what, evaluate))
        number = len(self.solves)
        return Ref(f"ref-{number}", Files(self._solved[number - 1] if self._solved else {}))

    def resolve_image(self, ref: str, **options: Any) -> Any:
        """See Gateway."""
        self.lookups.append(ref)
        answer = self._images[ref]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def together(self, *calls: Callable[[], Any]) -> tuple[Any, ...]:
        """See Gateway."""
        return tuple(call() for call in calls)

    def begin(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """See Gateway; the call is made when its result is asked for."""
        return call

    def warn(self, short: str, **more: Any) -> None:
        """See Gateway."""
        self.warnings.append((short, more))
