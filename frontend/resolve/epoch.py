"""`SOURCE_DATE_EPOCH=context`: the image's time is that of what it is built from.

A git context has the time of its commit, a download the time that the server tells (Last-Modified);
a directory of the client's has none. As BuildKit's own frontends take it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import llb
from frontend.context.source import FixedSource
from frontend.errors import FrontendError
from frontend.findings import Finding
from frontend.gateway import GatewayError
from llb.pb.ops_pb2 import Op

if TYPE_CHECKING:
    from frontend.context import Context
    from frontend.gateway import Gateway


_COMMITTER = re.compile(rb"^committer .*> ([0-9]+) [+-][0-9]{4}$", re.MULTILINE)
#: The capability that came with it (BuildKit 0.29), since it has none of its own.
_SINCE = "source.git.mtime"
#: What makes exporters clamp times (BuildKit, exporter/containerimage/exptypes).
METADATA = "source.date.epoch"


def of_context(gateway: Gateway, context: Context) -> tuple[int | None, tuple[Finding, ...]]:
    """Return the context's time in seconds since 1970; None, with a finding, where it has none.

    FrontendError on engines whose exporters take a number only, and would fail at the very end.
    """
    if not gateway.ping().llb.supports(_SINCE):
        raise FrontendError(
            "SOURCE_DATE_EPOCH=context is too new for this engine, which takes a number only",
            remedy="Pass the time: --build-arg SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
        )
    origin = context.source.origin if isinstance(context.source, FixedSource) else None
    seconds = None if origin is None else _time(gateway, origin)
    if seconds is not None:
        return seconds, ()
    finding = Finding(
        None,
        "SOURCE_DATE_EPOCH=context has no effect: this context has no time",
        detail=(
            "A git context has that of its commit, a download what its server tells; a directory "
            "has none.",
        ),
    )
    return None, (finding,)


def _time(gateway: Gateway, origin: llb.Output) -> int | None:
    ops = [Op.FromString(each) for each in getattr(llb.marshal(origin), "def")]
    source = next((op.source for op in ops if op.HasField("source")), None)
    if source is None:
        return None
    try:
        known = gateway.resolve_source(
            source.identifier, source.attrs, log_name="[internal] load the time of the context"
        )
    except GatewayError:
        return None
    commit = _COMMITTER.search(known.git_commit_object)
    return int(commit.group(1)) if commit else known.http_last_modified
