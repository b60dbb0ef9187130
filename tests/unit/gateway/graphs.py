"""Definitions made by hand, so that the gateway's tests do not depend on the library of ours."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from llb.pb import ops_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def definition(
    *ops: pb.Op,
    caps: Sequence[str] = (),
    names: Mapping[int, str] | None = None,
    source: pb.Source | None = None,
) -> pb.Definition:
    """A graph whose result is output 0 of the last operation."""
    made = pb.Definition()
    packed = getattr(made, "def")
    for index, op in enumerate(ops):
        packed.append(op.SerializeToString())
        metadata = made.metadata[digest(op)]
        for cap in caps:
            metadata.caps[cap] = True
        if names and index in names:
            metadata.description["llb.customname"] = names[index]
    packed.append(pb.Op(inputs=[edge(ops[-1])]).SerializeToString())
    if source is not None:
        made.Source.CopyFrom(source)
    return made


def digest(op: pb.Op) -> str:
    return f"sha256:{hashlib.sha256(op.SerializeToString()).hexdigest()}"


def edge(op: pb.Op, index: int = 0) -> pb.Input:
    return pb.Input(digest=digest(op), index=index)


def local(
    name: str = "context",
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    follow: Sequence[str] = (),
    session: str = "test-session",
) -> pb.Op:
    attrs = {"local.session": session}
    for key, value in (
        ("local.includepattern", include),
        ("local.excludepatterns", exclude),
        ("local.followpaths", follow),
    ):
        if value:
            attrs[key] = json.dumps(list(value))
    return pb.Op(source=pb.SourceOp(identifier=f"local://{name}", attrs=attrs))


def image(ref: str) -> pb.Op:
    return pb.Op(source=pb.SourceOp(identifier=f"docker-image://{ref}"))


def mkfile(path: str, data: bytes, *, on: pb.Op | None = None, mode: int = 0o644) -> pb.Op:
    action = pb.FileAction(
        input=0 if on else -1,
        secondaryInput=-1,
        output=0,
        mkfile=pb.FileActionMkFile(path=path, data=data, mode=mode, timestamp=-1),
    )
    return pb.Op(inputs=[edge(on)] if on else [], file=pb.FileOp(actions=[action]))


def step(args: Sequence[str], *, root: pb.Op, output: str = "/") -> pb.Op:
    """A step on `root`; its output is what it leaves at `output`."""
    mounts = [pb.Mount(input=0, dest="/", output=0 if output == "/" else -1)]
    if output != "/":
        mounts.append(pb.Mount(input=-1, dest=output, output=0))
    return pb.Op(
        inputs=[edge(root)],
        exec=pb.ExecOp(meta=pb.Meta(args=args, cwd="/", env=["A=1"]), mounts=mounts),
    )
