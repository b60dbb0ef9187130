"""The client side of BuildKit's gateway API: how this process talks to the daemon.

```
transport    descriptors, greeting, pumps          standard library only, imported first
bridge       the RPCs, one typed callable each     the only module that imports grpc
client       Gateway: what the frontend calls
ref          Ref: a result whose files can be read
types        values of the protocol
entry        a file of a result
result       what is returned in the end
status       exceptions -> google.rpc.Status with source excerpts
failures     what a call raises
session      one build: exactly one Return, then an exit code
```

Names are imported on first use, so that `frontend.gateway.transport` can greet the daemon before
grpc and protobuf are loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frontend.gateway.client import Gateway
    from frontend.gateway.entry import Entry, Kind
    from frontend.gateway.failures import (
        ConnectionLostError,
        GatewayError,
        PathNotFoundError,
        SourceReplacedError,
    )
    from frontend.gateway.ref import Ref
    from frontend.gateway.result import Attestation, PlatformResult, Result, Subject
    from frontend.gateway.session import run_build
    from frontend.gateway.status import status_of
    from frontend.gateway.types import CacheImport, ImageMeta, OciStore, SourceMeta, Worker


_HOME = {
    "Attestation": "result",
    "CacheImport": "client",
    "ConnectionLostError": "failures",
    "Entry": "entry",
    "Gateway": "client",
    "GatewayError": "failures",
    "ImageMeta": "client",
    "Kind": "entry",
    "OciStore": "client",
    "PathNotFoundError": "failures",
    "PlatformResult": "result",
    "Ref": "client",
    "Result": "result",
    "SourceMeta": "client",
    "SourceReplacedError": "failures",
    "Subject": "result",
    "Worker": "client",
    "run_build": "session",
    "status_of": "status",
}
__all__ = [
    "Attestation",
    "CacheImport",
    "ConnectionLostError",
    "Entry",
    "Gateway",
    "GatewayError",
    "ImageMeta",
    "Kind",
    "OciStore",
    "PathNotFoundError",
    "PlatformResult",
    "Ref",
    "Result",
    "SourceMeta",
    "SourceReplacedError",
    "Subject",
    "Worker",
    "run_build",
    "status_of",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
