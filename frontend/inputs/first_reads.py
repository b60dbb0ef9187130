"""The first files that every build reads: build file, root manifest, lock."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import llb
from frontend.context.source import LocalSource
from frontend.errors import FrontendError, SourceFile
from frontend.gateway import PathNotFoundError
from frontend.inputs.main_context import open_main
from frontend.project.workspace import workspace_path
from frontend.redaction import password_lines, without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from frontend.context.directory import Context
    from frontend.gateway import Gateway, Ref
    from frontend.inputs.main_context import Opened
    from frontend.request import Request


#: The one name that need not be there.
DEFAULT_FILENAME = "Dockerfile"
IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True)
class BuildFile:
    """The file that holds the spec (`Dockerfile`), and the ignore file that belongs to it."""

    source: SourceFile
    ignore: SourceFile | None


@dataclass(frozen=True)
class FirstReads:
    """The reads that every build begins with; `folder` is the workspace they took for granted.

    `context` is the main context, whose ignore file is not known yet. Each call waits for its read,
    and raises what the read raised.
    """

    folder: str
    context: Context
    build_file: Callable[[], BuildFile]
    head: Callable[[], dict[str, SourceFile]]

    @classmethod
    def begin(cls, gateway: Gateway, request: Request) -> FirstReads:
        """Send the reads off."""
        gateway.cache_imports = request.cache_imports
        folder = workspace_path(".", request.arguments.get("workspace", "").strip("/"))
        opened = open_main(gateway, request)
        return cls(
            folder,
            opened.context,
            gateway.begin(lambda: build_file(gateway, opened)),
            gateway.begin(lambda: head(gateway, opened.context, folder)),
        )


def build_file(gateway: Gateway, opened: Opened) -> BuildFile:
    """Read the build file, and the ignore file that stands beside it under its name.

    A `Dockerfile` may be missing, where the client names the frontend itself. FrontendError where
    another file is.
    """
    name, source = opened.filename, opened.build_file
    names = sorted({name, f"{name}.dockerignore", _lower(name)})
    if isinstance(source, LocalSource):
        filesystem = llb.local(
            source.name,
            session=source.session,
            follow_paths=names,
            shared_key_hint="uv-frontend-build-file",
            differ=llb.Differ.NONE,
            meta=llb.Metadata(name=f"[internal] load build definition from {name}"),
        )
    else:
        filesystem = source.files(names, (), "build definition")
    loaded = gateway.solve(filesystem)
    text, lower, ignore = gateway.together(
        lambda: read_text(loaded, name),
        lambda: read_text(loaded, _lower(name)) if _lower(name) != name else None,
        lambda: read_text(loaded, f"{name}.dockerignore"),
    )
    found = text or lower
    if found is None and posixpath.basename(name) != DEFAULT_FILENAME:
        raise FrontendError(
            f"there is no build file {name}",
            remedy="Check --file; with a context from git or an archive it is a path in there.",
        )
    found = found or SourceFile(name, "")
    return BuildFile(replace(found, language=_language(name)), ignore)


def _language(name: str) -> str:
    return "TOML" if name.endswith(".toml") else "Dockerfile"


def _lower(name: str) -> str:
    """BuildKit falls back to a `dockerfile` in lower case where a `Dockerfile` is meant."""
    return posixpath.join(posixpath.dirname(name), posixpath.basename(name).lower())


def head(gateway: Gateway, context: Context, workspace: str) -> dict[str, SourceFile]:
    """Read what every build needs first: root manifest, lock, settings, Python pin, ignore file."""
    files = ("pyproject.toml", "uv.lock", "uv.toml", ".python-version")
    names = [workspace_path(workspace, name) for name in files]
    if not context.source.remote:
        names.append(IGNORE_FILE)
    loaded = gateway.solve(context.named_files(names, "lock and root manifest"))
    return read_texts(gateway, loaded, names)


def read_texts(gateway: Gateway, ref: Ref, names: Sequence[str]) -> dict[str, SourceFile]:
    """Read the files of `names` that exist, all at once."""
    found = gateway.together(*(_reader(ref, name) for name in names))
    return {name: text for name, text in zip(names, found, strict=True) if text is not None}


def _reader(ref: Ref, name: str) -> Callable[[], SourceFile | None]:
    return lambda: read_text(ref, name)


def read_text(ref: Ref, name: str) -> SourceFile | None:
    """Read one file; None where it does not exist.

    Passwords in addresses are left out on the spot: what is read here gets into excerpts, generated
    files and the provenance.
    """
    try:
        data = ref.read_file(name)
    except PathNotFoundError:
        return None
    whole = data.decode("utf-8-sig", "replace")
    text: str = without_credentials(whole)
    return SourceFile(name, text, passwords=password_lines(whole) if text != whole else ())
