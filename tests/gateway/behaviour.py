"""What a call can be made to do instead of its work."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any as AnyMessage


CANCELLED = 1
"""The gRPC code of a call that the daemon gave up."""


@dataclass(frozen=True)
class Fail:
    """Answers with an error; `code` is a gRPC status code."""

    message: str
    code: int = 2
    details: tuple[AnyMessage, ...] = ()


@dataclass(frozen=True)
class Drop:
    """Cuts the connection while the call is under way."""


@dataclass(frozen=True)
class Delay:
    """Works, but this many seconds later."""

    seconds: float


@dataclass(frozen=True)
class Block:
    """Works once `release` is set."""

    release: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Reply:
    """Answers with these bytes, whether or not they are a message, and does no work."""

    data: bytes


Behaviour = Fail | Drop | Delay | Block | Reply


class CallFailedError(Exception):
    """Makes the call it is raised in answer with an error."""

    def __init__(self, message: str, code: int = 2, details: tuple[AnyMessage, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = details
