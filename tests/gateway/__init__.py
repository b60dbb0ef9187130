"""A BuildKit gateway for tests: the whole frontend as a subprocess, without any engine.

```python
with GatewayServer(context=directory, opts={"build-arg:package": "api"}, images={...}) as server:
    outcome = server.run([sys.executable, "-m", "frontend"])
    assert outcome.failure is None
    assert (outcome.export() / "app").is_dir()
```

```
server     GatewayServer: starts the process, records calls, serves LLBBridge
wire       the two pipes, and what BuildKit makes of bytes that are no HTTP/2
service    the RPCs
solver     runs definitions: sources, file operations, merge, diff; steps by callback
patterns   include, exclude and followpaths patterns
tree       paths below a root, stat messages, copying
profiles   which daemon it pretends to be
behaviour  what can be made to go wrong
```
"""

from tests.gateway.behaviour import CANCELLED, Block, Delay, Drop, Fail, Reply
from tests.gateway.profiles import (
    BUILDKIT_0_8,
    BUILDKIT_0_25_CONTAINERD,
    BUILDKIT_0_25_GRAPHDRIVER,
    BUILDKIT_0_32,
    Profile,
)
from tests.gateway.server import GatewayServer, Outcome
from tests.gateway.service import Call
from tests.gateway.solver import Exec, Image, StepFailedError

__all__ = [
    "BUILDKIT_0_8",
    "BUILDKIT_0_25_CONTAINERD",
    "BUILDKIT_0_25_GRAPHDRIVER",
    "BUILDKIT_0_32",
    "CANCELLED",
    "Block",
    "Call",
    "Delay",
    "Drop",
    "Exec",
    "Fail",
    "GatewayServer",
    "Image",
    "Outcome",
    "Profile",
    "Reply",
    "StepFailedError",
]
