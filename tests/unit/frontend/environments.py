"""What steps run on, and the operations of steps as an engine reads them, for tests."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import llb
from frontend.container.environment import StepImage
from frontend.container.writer import RESOURCES, StepWriter
from frontend.model.base import base_image
from frontend.model.uv import Uv
from frontend.request import ExecOptions
from llb import capabilities
from llb.pb import ops_pb2
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frontend.container.environment import BuildEnvironment
    from frontend.model.interpreter import Interpreter

AMD64 = llb.Platform("linux", "amd64")
DIGEST = "sha256:" + "d" * 64
PLAIN = ExecOptions()
#: What an engine can do that is as new as any.
NEWEST = llb.Capabilities.of(
    *llb.LLB_DEFAULTS, *capabilities.SINCE, capabilities.EXEC_NETWORK, RESOURCES
)
#: What one could do when engines began to say it.
OLDEST = llb.Capabilities.of(*llb.LLB_DEFAULTS)
CONFIG: dict[str, Any] = {
    "architecture": "amd64",
    "os": "linux",
    "config": {"Env": ["PATH=/opt/bin:/usr/bin", "CUDA_HOME=/cuda", "PYTHON_VERSION=3.13.1"]},
}


def writer(options: ExecOptions = PLAIN, engine: llb.Capabilities = NEWEST) -> StepWriter:
    """Return the writer of steps under `options`."""
    return StepWriter(options, engine)


def step_image(name: str = "python:3.13-slim") -> StepImage:
    """Return an image that steps run on, without an interpreter."""
    pinned = f"docker.io/library/{name}@{DIGEST}"
    return StepImage(
        image=base_image(name, pinned, DIGEST, json.dumps(CONFIG).encode()),
        rootfs=llb.image(pinned, platform=AMD64),
        platform=AMD64,
        uv=Uv(llb.image("docker.io/org/uv-frontend:1", platform=AMD64)),
    )


def environment(interpreter: Interpreter | None = None, **changes: Any) -> BuildEnvironment:
    """Return what steps run in; `changes` replace fields."""
    return replace(step_image().with_interpreter(interpreter or target()), **changes)


def operation(output: llb.Output | llb.Vertex) -> ops_pb2.Op:
    """Return the operation as the engine reads it."""
    vertex = output.vertex if isinstance(output, llb.Output) else output
    return ops_pb2.Op.FromString(vertex.data)


def metadata(output: llb.Output | llb.Vertex) -> ops_pb2.OpMetadata:
    """Return what is said of the operation."""
    vertex = output.vertex if isinstance(output, llb.Output) else output
    return ops_pb2.OpMetadata.FromString(vertex.metadata)


def variables(output: llb.Output) -> dict[str, str]:
    """Return the environment of a step."""
    pairs = (text.partition("=") for text in operation(output).exec.meta.env)
    return {name: value for name, _, value in pairs}


def mounts(output: llb.Output) -> dict[str, ops_pb2.Mount]:
    """Return the mounts of a step by their places."""
    return {mount.dest: mount for mount in operation(output).exec.mounts}


def mounted(output: llb.Output, place: str) -> llb.Output:
    """Return the filesystem that a step has at `place`."""
    mount = mounts(output)[place]
    edge = operation(output).inputs[mount.input]
    vertex = next(v for v in output.vertex.inputs if v.digest == edge.digest)
    return llb.Output(vertex, edge.index)


def written(output: llb.Output) -> dict[str, bytes]:
    """Return the files that an operation writes, by their places."""
    actions = (action for action in operation(output).file.actions)
    return {a.mkfile.path: a.mkfile.data for a in actions if a.WhichOneof("action") == "mkfile"}


def graph(output: llb.Output) -> Iterator[llb.Vertex]:
    """Yield every operation behind a filesystem once, the last one first."""
    seen: set[str] = set()
    left = [output.vertex]
    while left:
        vertex = left.pop()
        if vertex.digest not in seen:
            seen.add(vertex.digest)
            left += vertex.inputs
            yield vertex
