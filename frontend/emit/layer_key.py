"""A digest of everything that decides what a step writes, to be compared between builds.

BuildKit's own cache key is not known before a step's files are loaded, and the digest of its
operation moves with each session. So this one is made from the operations behind a step, less what
decides nothing: sessions, names, proxies, networks and limits, where caches and secrets are, and in
which of its forms an engine lets the step be written. So engines of every version have the same
keys, and so have a directory and a commit with the same files: what a step takes from the build
context is named, and its contents are told elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from llb.pb import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.container.writer import StepWriter
    from frontend.emit.step import Step
    from frontend.model.base import BaseImage
    from frontend.model.interpreter import Interpreter
    from llb.graph import Vertex


_SESSION = ("local.session", "local.sharedkeyhint", "local.unique", "oci.session", "oci.store")
_HOW = ("image.resolvemode", "image.recordtype")
#: How the platform's Python is told where another one runs the step: the target says it as well.
_INTERPRETER = (
    "UV_FRONTEND_INTERPRETER",
    "UV_FRONTEND_PLATFORM",
    "UV_FRONTEND_VERSION",
    "UV_PYTHON",
)


def keys(
    writer: StepWriter,
    env: BuildEnvironment,
    interpreter: Interpreter,
    base: BaseImage,
    rootfs: llb.Output,
    steps: Sequence[Step],
) -> tuple[str, ...]:
    """Return the key of each step's filesystem, `sha256:` and 64 hexadecimal digits.

    `rootfs` is the filesystem of `base` that the layers lie on, `interpreter` the Python of the
    image.
    """
    pythons = frozenset((env.interpreter.path, interpreter.path))
    by_digest = {
        env.uv.filesystem.digest: _sha256(f"uv {env.uv.version}"),
        rootfs.digest: _sha256(f"image {base.identity}"),
    }
    image = f"image {env.image.identity}"
    by_digest[env.rootfs.digest] = _sha256(image)
    linked = {writer.linked_root(env): image}
    if env.tools is not None:
        key = _Keys(by_digest, pythons, "").of(env.tools.vertex)
        linked[writer.linked_root(env, with_tools=True)] = f"{image} with {key}"
    by_digest |= {root.digest: _sha256(f"linked {content}") for root, content in linked.items()}
    python = [
        interpreter.path,
        interpreter.version,
        interpreter.machine,
        interpreter.libc.name,
    ]
    layer_keys = []
    for step in steps:
        inputs = {
            item.output.digest: _sha256(json.dumps([item.name, item.manifest]))
            for item in step.inputs
        }
        key = _Keys({**by_digest, **inputs}, pythons, step.report).of(step.output.vertex)
        layer_keys.append("sha256:" + _sha256(json.dumps([key, step.output.index, python])))
    return tuple(layer_keys)


class _Keys:
    """Keys of vertices, `known` ones taken as they are; the name of its report decides nothing."""

    def __init__(self, known: dict[str, str], pythons: frozenset[str], report: str) -> None:
        self._known = dict(known)
        self._report = report
        self._pythons = pythons

    def of(self, top: Vertex) -> str:
        """Each vertex after its inputs, without recursion: a graph can be deep."""
        pending = [top]
        while pending:
            vertex = pending[-1]
            missing = [each for each in vertex.inputs if each.digest not in self._known]
            if vertex.digest not in self._known and missing:
                pending += missing
                continue
            pending.pop()
            if vertex.digest not in self._known:
                self._known[vertex.digest] = self._stripped(vertex)
        return self._known[top.digest]

    def _stripped(self, vertex: Vertex) -> str:
        op = ops_pb2.Op.FromString(vertex.data)
        for edge in op.inputs:
            edge.digest = self._known[edge.digest]
        kind = op.WhichOneof("op")
        if kind == "exec":
            return _sha256(json.dumps(self._exec(op)))
        if kind == "source":
            for name in (*_SESSION, *_HOW):
                op.source.attrs.pop(name, None)
        op.ClearField("platform")
        op.ClearField("constraints")
        data = op.SerializeToString(deterministic=True)
        return hashlib.sha256(data).hexdigest()

    def _exec(self, op: ops_pb2.Op) -> list[object]:
        """What runs, and what it finds where: not how that is mounted."""
        meta = op.exec.meta
        arguments = [argument for argument in meta.args if argument != self._report]
        if arguments and arguments[0] in self._pythons:
            arguments[0] = "python"
        mounts = sorted(
            [
                mount.dest,
                mount.selector,
                op.inputs[mount.input].digest,
                op.inputs[mount.input].index,
            ]
            for mount in op.exec.mounts
            if mount.mountType == ops_pb2.MountType.BIND and mount.input >= 0
        )
        env = sorted(each for each in meta.env if each.partition("=")[0] not in _INTERPRETER)
        return [arguments, env, meta.cwd, meta.user, mounts]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
