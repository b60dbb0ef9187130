"""The RPCs of BuildKit's LLBBridge (`frontend/gateway/pb/gateway.proto`), one callable for each.

The only module that touches grpc, which has no types.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from frontend.gateway.failures import UNAVAILABLE, UNKNOWN, ConnectionLostError, GatewayError
from llb.pb import gateway_pb2 as pb
from llb.pb.status_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Callable


# Read when grpc is imported. Its fork handlers are of no use here, where children are only ever
# started by exec, and its own log would go to the daemon's.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
MESSAGE_LIMIT = 16 << 20
"""Bytes in one message, either way; BuildKit has the same limit since 0.14."""
_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
    # Error details travel as a header. They hold the failed operation and Go stacks, far more than
    # the 8 KiB at which grpc begins to refuse the whole answer.
    ("grpc.max_metadata_size", MESSAGE_LIMIT),
    ("grpc.absolute_max_metadata_size", MESSAGE_LIMIT),
    ("grpc.enable_http_proxy", 0),
    # There is one connection for the whole life of the process: nothing to retry on.
    ("grpc.enable_retries", 0),
)
_Response = TypeVar("_Response", bound=Message)


class _Connection(Protocol):
    target: str

    @property
    def lost(self) -> _Flag: ...


class _Flag(Protocol):
    def is_set(self) -> bool: ...


class Bridge:
    """A channel over a connection. Calls block, have no deadline and may be made from any thread.

    Each raises GatewayError when the daemon refuses, ConnectionLostError when it is gone.
    """

    def __init__(self, connection: _Connection) -> None:
        self._lost = connection.lost
        self._channel: Any = grpc.insecure_channel(connection.target, options=_OPTIONS)
        self.ping = self._method("Ping", pb.PingRequest, pb.PongResponse)
        self.resolve_source_meta = self._method(
            "ResolveSourceMeta", pb.ResolveSourceMetaRequest, pb.ResolveSourceMetaResponse
        )
        self.resolve_image_config = self._method(
            "ResolveImageConfig", pb.ResolveImageConfigRequest, pb.ResolveImageConfigResponse
        )
        self.solve = self._method("Solve", pb.SolveRequest, pb.SolveResponse)
        self.read_file = self._method("ReadFile", pb.ReadFileRequest, pb.ReadFileResponse)
        self.read_dir = self._method("ReadDir", pb.ReadDirRequest, pb.ReadDirResponse)
        self.stat_file = self._method("StatFile", pb.StatFileRequest, pb.StatFileResponse)
        self.evaluate = self._method("Evaluate", pb.EvaluateRequest, pb.EvaluateResponse)
        self.inputs = self._method("Inputs", pb.InputsRequest, pb.InputsResponse)
        self.warn = self._method("Warn", pb.WarnRequest, pb.WarnResponse)
        self.return_ = self._method("Return", pb.ReturnRequest, pb.ReturnResponse)

    def close(self) -> None:
        """End the channel; calls under way fail."""
        self._channel.close()

    def _method(
        self, name: str, request_type: type[_Request], response_type: type[_Response]
    ) -> Callable[[_Request], _Response]:
        call = self._channel.unary_unary(
            f"/moby.buildkit.v1.frontend.LLBBridge/{name}",
            request_serializer=request_type.SerializeToString,
            response_deserializer=response_type.FromString,
        )

        def method(request: _Request) -> _Response:
            if self._lost.is_set():
                raise ConnectionLostError
            try:
                response: _Response = call(request)
            except grpc.RpcError as error:
                raise self._failure(error) from error
            return response

        return method

    def _failure(self, error: Any) -> GatewayError:
        code = int(error.code().value[0])
        message = error.details() or ""
        if code == UNAVAILABLE and self._lost.is_set():
            return ConnectionLostError(f"the connection to BuildKit was lost: {message}")
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                return _with_details(code, message, value)
        return GatewayError(code, message)


_Request = TypeVar("_Request", bound=Message)


def _with_details(code: int, message: str, packed: bytes) -> GatewayError:
    try:
        status = Status.FromString(packed)
    except DecodeError:
        return GatewayError(code, message)
    return GatewayError(status.code or code or UNKNOWN, status.message or message, status.details)
