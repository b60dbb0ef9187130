"""What a call to the daemon raises.

```
Exception
└── GatewayError               the daemon refused the call or the step behind it failed
    ├── PathNotFoundError      the file or directory to read is not there
    ├── ConnectionLostError    the daemon is gone; nothing can be reported to it any more
    └── SourceReplacedError    a source policy turned an image into something else
```
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llb.pb.status_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.any_pb2 import Any as AnyMessage

    from frontend.errors import Location


CANCELLED = 1
UNKNOWN = 2
UNAVAILABLE = 14


class GatewayError(Exception):
    """A failed call, with everything the daemon said about it.

    `code` is a gRPC status code. `details` are the typed errors of BuildKit (`solver/errdefs`), as
    they came: handed back in the Return they let buildx show the failing step and its source.
    `places` are lines of the user's that led to the call, where the caller knows them.
    """

    def __init__(self, code: int, message: str, details: Sequence[AnyMessage] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.places: tuple[Location, ...] = ()

    @property
    def status(self) -> Status:
        """The failure as google.rpc.Status, as the daemon sent it."""
        return Status(code=self.code, message=self.message, details=self.details)

    @property
    def is_refusal(self) -> bool:
        """Return whether it was forbidden: by a source policy, or for a right that the build lacks.

        There are no typed errors for them (`solver/llbsolver/vertex.go`, `sourcepolicy/engine.go`).
        """
        return _REFUSED.search(self.message) is not None

    @property
    def is_solve_failure(self) -> bool:
        """Return whether a build step failed, rather than the call itself.

        BuildKit marks the errors of the solver with the digest of the vertex (`solver/jobs.go`).
        """
        return any(detail.type_url.rpartition("/")[2] in _VERTEX for detail in self.details)

    @property
    def step_end(self) -> str:
        """How the container of a failed step ended (`exit code: 137`); empty for other failures.

        From the text, since there is no typed error for it. The second form is that of BuildKit
        before 0.10.
        """
        found = _STEP_END.search(self.message)
        return found.group(1) if found else ""


class PathNotFoundError(GatewayError):
    """`path` does not exist in the filesystem that was asked."""

    def __init__(self, path: str, details: Sequence[AnyMessage] = ()) -> None:
        super().__init__(UNKNOWN, f"{path} does not exist", details)
        self.path = path


class ConnectionLostError(GatewayError):
    """The connection to the daemon ended."""

    def __init__(self, message: str = "the connection to BuildKit was lost") -> None:
        super().__init__(UNAVAILABLE, message)


class SourceReplacedError(GatewayError):
    """An image was asked for, and a source policy answers with a source of another kind."""

    def __init__(self, ref: str, identifier: str) -> None:
        super().__init__(
            UNKNOWN, f"the source policy replaces image {ref} by {identifier}, which is no image"
        )
        self.identifier = identifier


_STEP_END = re.compile(
    r"(?:did not complete successfully|executor failed running \[.*\]): (.*)", re.DOTALL
)
_REFUSED = re.compile(
    r"(?:denied|not allowed) by policy|(?:network\.host|security\.insecure) is not allowed"
)
_VERTEX = frozenset({"errdefs.Vertex+json", "errdefs.Vertex"})
_ABSENT = ("no such file or directory", "not a directory", "file does not exist")


def read_failure(error: GatewayError, path: str) -> GatewayError:
    """`error`, as PathNotFoundError if that is what it says about the `path` that was read.

    There is no typed error for it; the texts are those of Go's `os` and `syscall` packages, often
    with a path of the daemon's machine in them. A step that failed because *it* misses a file says
    the same and is not meant.
    """
    if error.is_solve_failure or not any(text in error.message for text in _ABSENT):
        return error
    return PathNotFoundError(path, error.details)
