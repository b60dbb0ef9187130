"""A Docker engine for everyone who has none.

`Engine.start("docker28")` gives a private engine with a registry and a base image of its own, made
from Debian's packages, below one cache folder; nothing is installed on the machine.
`Engine.there()` gives the engine that is there. Both have `docker`, `build`, `run` and `serve`.
"""

from tests.engine.client import Build, BuildError, Server, ca_bundle, ca_secret
from tests.engine.engines import Engine
from tests.engine.errors import EngineUnavailable
from tests.engine.kinds import KINDS, Kind
from tests.engine.progress import Notice, Progress, Vertex
from tests.engine.registry import Registry

__all__ = [
    "KINDS",
    "Build",
    "BuildError",
    "Engine",
    "EngineUnavailable",
    "Kind",
    "Notice",
    "Progress",
    "Registry",
    "Server",
    "Vertex",
    "ca_bundle",
    "ca_secret",
]
