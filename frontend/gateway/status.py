"""Exceptions as google.rpc.Status, the form in which a build's failure is returned.

BuildKit decodes details by type URL (containerd/typeurl); those that it registers with `+json` hold
JSON of the Go struct. A `Source` detail makes buildx print the lines of the file, and one is always
worth having: an error without any is shown with an excerpt of the `# syntax` line instead.
"""

from __future__ import annotations

import base64
import json
import sys
import traceback
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage

from frontend.errors import FrontendError, Location, SourceFile, UnsupportedCallError
from frontend.gateway.failures import UNKNOWN, GatewayError
from llb.capabilities import UnsupportedCapability
from llb.pb.ops_pb2 import SourceInfo
from llb.pb.status_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Iterable


SOURCE_TYPE_URL = "github.com/moby/buildkit/errdefs.Source+json"
SUBREQUEST_TYPE_URL = "github.com/moby/buildkit/errdefs.Subrequest+json"
WHOLE_TEXT_LIMIT = 64 << 10
"""Texts up to this many characters are sent whole, bigger ones only around the lines meant."""
_SOURCES = (SOURCE_TYPE_URL, "type.googleapis.com/errdefs.Source")
_AROUND = 10
_LINE_LIMIT = 1000
_PRINTED_AROUND = 2
_RULE = "-" * 20


def status_of(error: BaseException, *, typed: bool = True) -> Status:
    """What to return for an exception that ended the build.

    The code is UNKNOWN for errors of ours: any other is shown as a prefix of the message. What the
    daemon said is passed on unchanged, with the lines of the user's that led to it; where an error
    of ours explains it, what the daemon said of the failed step stays with it, but for its
    excerpts, which ours replace. An engine whose errors reach the client as text alone (Docker
    20.10) is told with `typed=False`: the lines then stand in the message.
    """
    if isinstance(error, FrontendError):
        cause = error.__cause__
        known = cause.details if isinstance(cause, GatewayError) else ()
        kept = [detail for detail in known if not error.places or detail.type_url not in _SOURCES]
        status = Status(code=UNKNOWN, message=error.text, details=kept)
        if not typed:
            shown = [_printed(place) for place in error.places]
            status.message = "\n".join([error.text, *shown])
        if isinstance(error, UnsupportedCallError):
            # By which clients tell it from a call that failed.
            value = json.dumps({"name": error.call}).encode()
            status.details.append(AnyMessage(type_url=SUBREQUEST_TYPE_URL, value=value))
        return with_context(status, places=error.places)
    if isinstance(error, GatewayError):
        status = error.status
        if error.places and not typed:
            shown = [_printed(place) for place in error.places]
            status.message = "\n".join([status.message, *shown])
        return with_context(status, places=error.places)
    if isinstance(error, UnsupportedCapability):
        return Status(code=UNKNOWN, message=_unsupported(error).text)
    return Status(code=UNKNOWN, message=_bug(error))


def _unsupported(error: UnsupportedCapability) -> FrontendError:
    """Return the error for an option or a key that this engine is too old for."""
    return FrontendError(
        f"this engine cannot do what the build asks for: {error.reason}",
        remedy="Leave out the option that needs it, or use a newer engine "
        "(docs/compatibility.md says which can do what).",
    )


def with_context(status: Status, *, prefix: str = "", places: Iterable[Location] = ()) -> Status:
    """`status` with `prefix` before its message and further excerpts after those it has.

    The last excerpt is printed first: each wraps those before it, and every passage from one
    process to the next (daemon, buildx) turns the order round. So the first one ends up right above
    the message.
    """
    message = f"{prefix}: {status.message}" if prefix else status.message
    added = [source_detail(place) for place in places]
    return Status(code=status.code, message=message, details=[*status.details, *added])


def source_detail(place: Location) -> AnyMessage:
    """Return the detail that makes buildx print the lines of `place`."""
    data = excerpt(place.source, place.start, place.end).encode()
    value = {
        "info": {
            "filename": place.source.filename,
            "data": base64.b64encode(data).decode(),
            "language": place.source.language,
        },
        "ranges": [{"start": {"line": place.start}, "end": {"line": place.end}}],
    }
    return AnyMessage(type_url=SOURCE_TYPE_URL, value=json.dumps(value).encode())


def source_info(source: SourceFile, start: int, end: int) -> SourceInfo:
    """Return the same for calls that take the message itself (Warn)."""
    return SourceInfo(
        filename=source.filename,
        data=excerpt(source, start, end).encode(),
        language=source.language,
    )


def excerpt(source: SourceFile, start: int, end: int) -> str:
    """Return the text, or if it is big, one with the same line numbers that is empty elsewhere.

    A lock can have megabytes, and each detail is sent, stored in the build's history and shown
    only by the few lines around `start` to `end` (1-based, inclusive).
    """
    if len(source.text) <= WHOLE_TEXT_LIMIT:
        return source.text
    lines = source.text.split("\n")
    first = max(start - 1 - _AROUND, 0)
    kept = (_shortened(line) for line in lines[first : end + _AROUND])
    return "\n".join([*[""] * min(first, len(lines)), *kept])


def _printed(place: Location) -> str:
    """Return the lines of `place` and two around them, in the way in which buildx prints them."""
    lines = place.source.text.split("\n")
    first = max(place.start - _PRINTED_AROUND, 1)
    last = min(place.end + _PRINTED_AROUND, len(lines))
    numbered = [
        f"{number:4} | {'>>>' if place.start <= number <= place.end else '   '} "
        f"{_shortened(lines[number - 1])}"
        for number in range(first, last + 1)
    ]
    return "\n".join([f"{place.source.filename}:{place.start}", _RULE, *numbered, _RULE])


def _shortened(line: str) -> str:
    return line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]}…"


def _bug(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    named = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return (
        f"uv-frontend failed unexpectedly ({named}).\n"
        "This is a bug in uv-frontend: please report it, with the traceback from the log of the "
        "BuildKit daemon."
    )


def log_traceback(error: BaseException) -> None:
    """Writes where a bug happened to standard error, which is the daemon's log.

    Nothing for the errors that a user can cause; they are shown to the user in full.
    """
    if not isinstance(error, FrontendError | GatewayError | UnsupportedCapability):
        traceback.print_exception(error, file=sys.stderr)
        sys.stderr.flush()
