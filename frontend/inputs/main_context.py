"""Which source the main context is, and where the build file is read from.

The order is that of BuildKit's own frontends (frontend/dockerui/context.go): a git address, an HTTP
address (also that of an archive on the client's standard input), filesystems that the client hands
over as inputs, and otherwise directories of the client's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import llb
from frontend.context.directory import Context
from frontend.context.source import FixedSource, LocalSource, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.gateway import Gateway
    from frontend.request import Request
    from llb.pb.ops_pb2 import Definition


CONTEXT, BUILD_FILE = "context", "dockerfile"


@dataclass(frozen=True)
class Opened:
    """The main context; and the source that the build file is in, under `filename`."""

    context: Context
    build_file: Source
    filename: str


def open_main(gateway: Gateway, request: Request) -> Opened:
    """Find out where the files are; nothing but a download is waited for.

    FrontendError for an address that cannot be read.
    """
    options = request.options
    local_build_file = _local(request, options.get("dockerfilekey", BUILD_FILE))
    address = options.get(options.get("contextkey", CONTEXT), "")
    filename = request.filename
    build_file: Source = local_build_file
    if address:
        context, fetched = open_address(gateway, request, address, main=True)
        build_file = context.source
        filename = fetched or filename
    else:
        given = gateway.inputs()
        context = _given(gateway, given, CONTEXT) or Context(_local(request, CONTEXT))
        build_file = (_given(gateway, given, BUILD_FILE) or Context(local_build_file)).source
    folder = options.get("contextsubdir", "").strip("/")
    if folder and isinstance(context.source, FixedSource):
        context = replace(context, source=subdirectory(context.source, folder))
        build_file = context.source if address else build_file
    if "dockerfilekey" in options:
        build_file, filename = local_build_file, request.filename
    return Opened(context, build_file, filename)


def open_address(
    gateway: Gateway, request: Request, address: str, *, main: bool = False, label: str = ""
) -> tuple[Context, str]:
    """Open a context that BuildKit fetches; with it, the name of the only file that a download is.

    FrontendError for an address that is neither git's nor HTTP's.
    """
    from frontend.inputs.download import download
    from frontend.inputs.git_address import GitAddress

    title = label or "[internal]"
    found = GitAddress.parse(address)
    if found is None:
        return download(gateway, address, title)
    keep = found.keep_git_dir
    if main and request.keeps_git_dir is not None:
        keep = keep or request.keeps_git_dir
    capabilities = gateway.ping().llb
    whole = found.subdir and not capabilities.supports("source.git.subdir")
    fetched = llb.git(
        found.remote,
        found.ref,
        subdir="" if whole else found.subdir,
        checksum=found.checksum or None,
        keep_git_dir=keep,
        skip_submodules=not found.submodules,
        mtime=llb.ModificationTime(found.mtime) if found.mtime else None,
        fetch_by_commit=found.fetch_by_commit,
        meta=llb.Metadata(name=f"{title} load git source {found.shown}"),
    )
    source = FixedSource(
        fetched, fetched, capabilities.supports("file.copy.includeexcludepatterns")
    )
    if whole:
        source = subdirectory(source, found.subdir)
    return Context(source, keeps_git=keep), ""


def given_context(gateway: Gateway, name: str) -> Context | None:
    """The filesystem that the client hands over as the input `name`, if it does."""
    return _given(gateway, gateway.inputs(), name)


def subdirectory(source: FixedSource, folder: str) -> FixedSource:
    """The source with one of its directories as its root."""
    copy = llb.Copy(source.filesystem, f"/{folder}", "/", contents_only=True)
    meta = llb.Metadata(name=f"[internal] {folder} of the context")
    return replace(source, filesystem=llb.files(llb.SCRATCH, copy, meta=meta))


def _given(gateway: Gateway, inputs: Mapping[str, Definition], name: str) -> Context | None:
    if name not in inputs:
        return None
    spliced = llb.splice(inputs[name])
    if not isinstance(spliced, llb.Output):
        # Nothing is in it, and nothing has no operation of its own.
        spliced = llb.files(llb.SCRATCH, llb.Mkdir("/tmp", timestamp=0))
    patterns = gateway.ping().llb.supports("file.copy.includeexcludepatterns")
    return Context(FixedSource(spliced, patterns=patterns))


def _local(request: Request, name: str) -> LocalSource:
    return LocalSource(name, request.local_session(name))
