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

from proto import ops_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    import llb
    from frontend.container.environment import BuildEnvironment
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
    builder: BuildEnvironment,
    target: Interpreter,
    base: BaseImage,
    rootfs: llb.Output,
    steps: Sequence[Step],
) -> tuple[str, ...]:
    """Return the key of each step's filesystem, `sha256:` and 64 hexadecimal digits.

    `rootfs` is the filesystem of `base` that the layers lie on, `target` its interpreter.
    """
    runs = builder.target or target
    pythons = frozenset((runs.path, target.path))
    known = {
        builder.uv.digest: _sha256(f"uv {builder.uv_version}"),
        rootfs.digest: _sha256(f"image {base.identity}"),
    }
    image = f"image {builder.image.identity}"
    known[builder.filesystem.digest] = _sha256(image)
    roots = {builder.linked_root(): image}
    if builder.tools is not None:
        made = _Keys(known, pythons, "").of(builder.tools.vertex)
        roots[builder.linked_root(with_tools=True)] = f"{image} with {made}"
    known |= {root.digest: _sha256(f"linked {what}") for root, what in roots.items()}
    python = [target.path, target.version, target.machine, target.libc.name]
    found = []
    for step in steps:
        files = {
            each.output.digest: _sha256(json.dumps([each.name, each.manifest]))
            for each in step.files
        }
        own = _Keys({**known, **files}, pythons, step.report).of(step.output.vertex)
        found.append("sha256:" + _sha256(json.dumps([own, step.output.index, python])))
    return tuple(found)


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
