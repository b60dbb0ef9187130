"""The build context: what is read from it, and how its directories enter the build.

A monorepo can hold a million files, so nothing here uses a `**` pattern to include: files are
named, directories are transferred one by one. Two loads with different patterns under one
shared-key hint make BuildKit delete and send files again, so every set of patterns has its own.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import llb
from frontend.errors import SourceText
from frontend.gateway import PathNotFoundError
from frontend.uv_settings import without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from frontend.gateway import Gateway, Ref
    from frontend.request import Request

#: Never part of a member: environments, caches, what an earlier build left, version control.
_LEFTOVERS = (
    "**/.git",
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
#: One mode for files, one for directories and programs, as git knows them.
_MODE = "u=rwX,go=rX"
_BUILD_LEFTOVERS = ("build/lib*", "build/bdist.*", "dist/*.whl", "dist/*.tar.gz")


@dataclass(frozen=True)
class BuildFile:
    """The file that holds the spec (`Dockerfile`), and the ignore file that belongs to it."""

    source: SourceText
    ignore: SourceText | None


@dataclass(frozen=True)
class Context:
    """The main build context, with the patterns that keep files out of it."""

    request: Request
    ignore: SourceText | None = None

    @property
    def patterns(self) -> tuple[str, ...]:
        """The ignore file's patterns, as BuildKit takes them."""
        return parse_ignore(self.ignore.text) if self.ignore else ()

    def named_files(self, paths: Sequence[str], purpose: str) -> llb.Output:
        """A load of just these files; missing ones are simply not there."""
        return llb.local(
            "context",
            session=self.request.local_session("context"),
            follow_paths=sorted(paths),
            exclude=self.patterns,
            shared_key_hint=f"uv-frontend-{purpose}",
            meta=llb.Metadata(name=f"[internal] load {purpose}"),
        )

    def directory(
        self,
        path: str,
        *,
        name: str,
        without: Iterable[str] = (),
        instead: Mapping[str, bytes] | None = None,
    ) -> llb.Output:
        """A directory of the context by itself, less what is ignored and what builds leave behind.

        `without` are further paths to keep out, seen from the context's root; `instead` are files
        put into it.
        """
        inside = "" if path == "." else f"{path}/"
        leftovers = [inside + pattern for pattern in _BUILD_LEFTOVERS]
        loaded = llb.local(
            "context",
            session=self.request.local_session("context"),
            include=() if path == "." else (path,),
            exclude=(*self.patterns, *_LEFTOVERS, *leftovers, *sorted(without)),
            shared_key_hint=f"uv-frontend-member-{path}",
            meta=llb.Metadata(name=f"[internal] load {name}"),
        )
        # The copy is what later steps are keyed by: content, not the path to it, nor the umask of
        # whoever checked it out (which engines before BuildKit 0.17 cannot even out).
        return llb.files(
            llb.SCRATCH,
            llb.Copy(loaded, f"/{inside}", "/", contents_only=True, mode=_MODE),
            *(
                llb.Mkfile(f"/{file}", data, timestamp=0)
                for file, data in sorted((instead or {}).items())
            ),
            meta=llb.Metadata(name=f"[internal] files of {name}"),
        )

    def selected(self, paths: Sequence[str], name: str) -> llb.Output:
        """Files and directories of the context that the user names (patterns allowed)."""
        loaded = llb.local(
            "context",
            session=self.request.local_session("context"),
            include=tuple(dict.fromkeys(path.strip("/") for path in paths)),
            exclude=self.patterns,
            shared_key_hint=f"uv-frontend-{name}-{'|'.join(sorted(paths))}",
            meta=llb.Metadata(name=f"[internal] load {name}"),
        )
        return llb.files(
            llb.SCRATCH,
            llb.Copy(loaded, "/", "/", contents_only=True, mode=_MODE),
            meta=llb.Metadata(name=f"[internal] copy {name}"),
        )

    def ignoring(self, path: str) -> int:
        """The line of the ignore file (1-based) that keeps `path` out; 0 if none does."""
        return ignoring_line(self.ignore.text, path) if self.ignore else 0


@dataclass(frozen=True)
class FirstReads:
    """The reads that every build begins with; `folder` is the workspace they took for granted.

    Each call waits for its read, and raises what the read raised.
    """

    folder: str
    build_file: Callable[[], BuildFile]
    head: Callable[[], dict[str, SourceText]]

    @classmethod
    def begin(cls, gateway: Gateway, request: Request) -> FirstReads:
        """Send the reads off."""
        gateway.cache_imports = request.cache_imports
        folder = workspace_path(".", request.arguments.get("workspace", "").strip("/"))
        return cls(
            folder,
            gateway.begin(lambda: build_file(gateway, request)),
            gateway.begin(lambda: head(gateway, request, folder)),
        )


def build_file(gateway: Gateway, request: Request) -> BuildFile:
    """Read the build file, and the ignore file that stands beside it under its name."""
    name = request.filename
    loaded = gateway.solve(
        llb.local(
            "dockerfile",
            session=request.local_session("dockerfile"),
            follow_paths=sorted({name, f"{name}.dockerignore", _lower(name)}),
            shared_key_hint="uv-frontend-build-file",
            differ=llb.Differ.NONE,
            meta=llb.Metadata(name=f"[internal] load build definition from {name}"),
        )
    )
    text, lower, ignore = gateway.together(
        lambda: read_text(loaded, name),
        lambda: read_text(loaded, _lower(name)) if _lower(name) != name else None,
        lambda: read_text(loaded, f"{name}.dockerignore"),
    )
    found = text or lower or SourceText(name, "")
    return BuildFile(replace(found, language=_language(name)), ignore)


def _language(name: str) -> str:
    return "TOML" if name.endswith(".toml") else "Dockerfile"


def _lower(name: str) -> str:
    """BuildKit falls back to a `dockerfile` in lower case where a `Dockerfile` is meant."""
    return posixpath.join(posixpath.dirname(name), posixpath.basename(name).lower())


def head(gateway: Gateway, request: Request, workspace: str) -> dict[str, SourceText]:
    """Read what every build needs first: root manifest, lock, Python pin, ignore file."""
    names = [workspace_path(workspace, n) for n in ("pyproject.toml", "uv.lock", ".python-version")]
    names.append(".dockerignore")
    loaded = gateway.solve(Context(request).named_files(names, "lock and root manifest"))
    return read_texts(gateway, loaded, names)


def read_texts(gateway: Gateway, ref: Ref, names: Sequence[str]) -> dict[str, SourceText]:
    """Read the files of `names` that exist, all at once."""
    found = gateway.together(*(_reader(ref, name) for name in names))
    return {name: text for name, text in zip(names, found, strict=True) if text is not None}


def _reader(ref: Ref, name: str) -> Callable[[], SourceText | None]:
    return lambda: read_text(ref, name)


def read_text(ref: Ref, name: str) -> SourceText | None:
    """Read one file; None where it does not exist.

    Passwords in addresses are left out on the spot: what is read here gets into excerpts, generated
    files and the provenance.
    """
    try:
        data = ref.read_file(name)
    except PathNotFoundError:
        return None
    text: str = without_credentials(data.decode("utf-8-sig", "replace"))
    return SourceText(name, text)


def workspace_path(workspace: str, path: str) -> str:
    """Return `path`, relative to the workspace, as seen from the context's root."""
    return posixpath.normpath(posixpath.join(workspace, path))


def parse_ignore(text: str) -> tuple[str, ...]:
    """Read an ignore file as moby/patternmatcher's `ignorefile` does."""
    return tuple(pattern for _, pattern in _ignore_lines(text))


def _ignore_lines(text: str) -> list[tuple[int, str]]:
    found = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#"):
            continue
        pattern = line.strip()
        negated = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        if not pattern:
            continue
        # normpath keeps two leading slashes apart, as POSIX allows; Go's path.Clean does not.
        pattern = posixpath.normpath(re.sub("^/+", "/", pattern))
        if len(pattern) > 1:
            pattern = pattern.removeprefix("/")
        found.append((number, f"!{pattern}" if negated else pattern))
    return found


def ignoring_line(text: str, path: str) -> int:
    """Return the line whose pattern decides that `path` is ignored; 0 where it is not.

    BuildKit's client does the ignoring; this only finds the line for an error message. The rules
    are moby/patternmatcher's: the last match wins, and a pattern holds for what is below it.
    """
    decided = 0
    parts = path.split("/")
    ways = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
    for number, pattern in _ignore_lines(text):
        expression = _expression(pattern.removeprefix("!"))
        if any(expression.fullmatch(way) for way in ways):
            decided = 0 if pattern.startswith("!") else number
    return decided


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    out, index = "", 0
    while index < len(pattern):
        char = pattern[index]
        if pattern.startswith("**", index):
            index += 2
            if pattern.startswith("/", index):
                index += 1
                out += "(?:.*/)?"
            else:
                out += ".*"
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[" and "]" in pattern[index:]:
            end = pattern.index("]", index)
            out += pattern[index : end + 1]
            index = end
        elif char == "\\" and index + 1 < len(pattern):
            index += 1
            out += re.escape(pattern[index])
        else:
            out += re.escape(char)
        index += 1
    return re.compile(out)
