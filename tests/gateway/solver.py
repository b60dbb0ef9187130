"""Runs definitions: sources and file operations for real, steps by a callback of the test.

Every output is a directory; once made it is never changed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToJson

from llb.pb import errdefs_pb2, ops_pb2
from tests.gateway.behaviour import CallFailedError
from tests.gateway.fileops import FileOperationError, run_actions
from tests.gateway.patterns import select
from tests.gateway.tree import copy_paths, copy_tree, resolve, walk

if TYPE_CHECKING:
    from tests.gateway.profiles import Profile

_ERRDEFS = "github.com/moby/buildkit/errdefs"


@dataclass(frozen=True)
class Image:
    """An image: its OCI configuration and, if anything reads it, its files."""

    config: Mapping[str, object] = field(
        default_factory=lambda: {"os": "linux", "architecture": "amd64", "config": {}}
    )
    rootfs: Path | None = None

    @cached_property
    def config_bytes(self) -> bytes:
        return json.dumps(self.config).encode()

    @cached_property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.config_bytes).hexdigest()}"


@dataclass(frozen=True)
class ExecMount:
    """A mount of a step; changes below `path` of a writable one are what the step writes."""

    target: str
    path: Path
    writable: bool
    kind: str


@dataclass(frozen=True)
class Exec:
    """A step about to run."""

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    mounts: tuple[ExecMount, ...]
    digest: str
    op: ops_pb2.ExecOp

    def path(self, path: str) -> Path:
        """Where a path of the step is on this machine."""
        best = max(
            (mount for mount in self.mounts if _is_below(path, mount.target)),
            key=lambda mount: len(mount.target),
        )
        return resolve(best.path, path[len(best.target.rstrip("/")) :])


class StepFailedError(Exception):
    """Raised by a test's callback: the step ends with `exit_code`."""

    def __init__(self, exit_code: int = 1) -> None:
        super().__init__(f"exit code: {exit_code}")
        self.exit_code = exit_code


ExecCallback = Callable[[Exec], None]


@dataclass
class World:
    """Everything outside of the definitions."""

    session: str
    locals: Mapping[str, Path] = field(default_factory=dict)
    images: Mapping[str, Image | Mapping[str, Image]] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)
    execs: ExecCallback | None = None


@dataclass(frozen=True)
class Graph:
    """A definition that was accepted."""

    definition: ops_pb2.Definition
    ops: Mapping[str, ops_pb2.Op]
    head: ops_pb2.Input


class Solver:
    """Loads and runs definitions; outputs are kept by the digest of their vertex."""

    def __init__(self, world: World, profile: Profile, folder: Path) -> None:
        self._world = world
        self._profile = profile
        self._folder = folder
        self._outputs: dict[str, list[Path]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self.ran: list[Exec] = []

    def load(self, definition: ops_pb2.Definition) -> Graph:
        """Raises CallFailedError as BuildKit refuses (`solver/llbsolver/vertex.go`)."""
        packed = getattr(definition, "def")
        if len(packed) < 2:
            raise CallFailedError(f"failed to load LLB: invalid LLB with {len(packed)} vertexes")
        ops: dict[str, ops_pb2.Op] = {}
        digest = ""
        for data in packed:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            ops[digest] = ops_pb2.Op.FromString(data)
        last = ops.pop(digest)
        if last.WhichOneof("op") or len(last.inputs) != 1:
            raise CallFailedError("failed to load LLB: invalid LLB without a last vertex")
        for op in [*ops.values(), last]:
            for each in op.inputs:
                if each.digest not in ops:
                    raise CallFailedError(
                        f"failed to load LLB: invalid missing input digest {each.digest}"
                    )
        for metadata in definition.metadata.values():
            for capability in sorted(metadata.caps):
                refusal = self._profile.check_llb(capability)
                if refusal:
                    raise CallFailedError(f"failed to load LLB: {refusal}")
        return Graph(definition, ops, last.inputs[0])

    def find_image(self, ref: str, platform: str) -> Image | None:
        known = self._world.images
        for name in (ref, ref.partition("@")[0]):
            found = known.get(name)
            if found is not None:
                return found if isinstance(found, Image) else found.get(platform)
        return None

    def evaluate(self, graph: Graph) -> Path:
        """The files of the graph's result. Raises CallFailedError when a step fails."""
        return self._output(graph, graph.head)

    def _output(self, graph: Graph, wanted: ops_pb2.Input) -> Path:
        outputs = self._vertex(graph, wanted.digest)
        if wanted.index >= len(outputs):
            raise CallFailedError(
                f"failed to load LLB: {wanted.digest} has no output {wanted.index}"
            )
        return outputs[wanted.index]

    def _vertex(self, graph: Graph, digest: str) -> list[Path]:
        with self._lock:
            lock = self._locks.setdefault(digest, threading.Lock())
        with lock:
            if digest not in self._outputs:
                op = graph.ops[digest]
                inputs = [self._output(graph, each) for each in op.inputs]
                folder = self._folder / digest.removeprefix("sha256:")
                folder.mkdir(parents=True, exist_ok=True)
                self._outputs[digest] = self._run(graph, digest, op, inputs, folder)
            return self._outputs[digest]

    def _run(
        self, graph: Graph, digest: str, op: ops_pb2.Op, inputs: list[Path], folder: Path
    ) -> list[Path]:
        kind = op.WhichOneof("op")
        try:
            if kind == "source":
                return [self._source(op, folder / "0")]
            if kind == "file":
                return run_actions(op.file, inputs, folder)
            if kind == "merge":
                for each in op.merge.inputs:
                    copy_tree(inputs[each.input], folder / "0")
                return [folder / "0"]
            if kind == "diff":
                return [_diff(op.diff, inputs, folder / "0")]
            if kind == "exec":
                return self._exec(graph, digest, op, inputs, folder)
        except FileOperationError as error:
            raise self._failure(graph, digest, str(error)) from error
        raise CallFailedError(f"no support for operation {kind} in the tests' gateway")

    def _source(self, op: ops_pb2.Op, target: Path) -> Path:
        scheme, _, rest = op.source.identifier.partition("://")
        attrs = op.source.attrs
        if scheme == "local":
            return self._local(rest, attrs, target)
        if scheme in ("docker-image", "oci-layout"):
            image = self.find_image(rest, platform_id(op.platform))
            if image is None:
                raise CallFailedError(f"{rest}: not found")
            target.mkdir(exist_ok=True)
            return image.rootfs or target
        found = self._world.sources.get(op.source.identifier)
        if found is None:
            raise CallFailedError(f"failed to load {op.source.identifier}")
        return found

    def _local(self, name: str, attrs: Mapping[str, str], target: Path) -> Path:
        session = attrs.get("local.session", self._world.session)
        if session != self._world.session:
            raise CallFailedError(f"no active session for {session}: context deadline exceeded")
        root = self._world.locals.get(name)
        if root is None:
            raise CallFailedError(f'no access allowed to dir "{name}"')
        target.mkdir()
        paths = select(
            root,
            include=json.loads(attrs.get("local.includepattern", "[]")),
            exclude=json.loads(attrs.get("local.excludepatterns", "[]")),
            follow=json.loads(attrs.get("local.followpaths", "[]")),
        )
        copy_paths(root, target, paths)
        return target

    def _exec(
        self, graph: Graph, digest: str, op: ops_pb2.Op, inputs: list[Path], folder: Path
    ) -> list[Path]:
        mounts = []
        outputs: dict[int, Path] = {}
        for number, mount in enumerate(op.exec.mounts):
            path = folder / f"mount-{number}"
            source = resolve(inputs[mount.input], mount.selector) if mount.input >= 0 else None
            writable = not mount.readonly and mount.mountType != ops_pb2.SECRET
            if source is not None and not writable:
                path = source
            elif source is not None and source.is_dir():
                copy_tree(source, path)
            else:
                path.mkdir()
            kind = ops_pb2.MountType.Name(mount.mountType).lower()
            mounts.append(ExecMount(mount.dest, path, writable, kind))
            # Go writes output 0 into secrets and ssh sockets, which have none.
            if mount.output >= 0 and mount.mountType == ops_pb2.BIND:
                outputs[mount.output] = path
        step = Exec(
            name=graph.definition.metadata[digest].description.get("llb.customname", ""),
            args=tuple(op.exec.meta.args),
            env=dict(each.split("=", 1) for each in op.exec.meta.env),
            cwd=op.exec.meta.cwd,
            mounts=tuple(mounts),
            digest=digest,
            op=op.exec,
        )
        self.ran.append(step)
        if self._world.execs is None:
            raise CallFailedError(f"the test gives no callback for the step {step.args}")
        try:
            self._world.execs(step)
        except StepFailedError as error:
            raise self._failure(
                graph,
                digest,
                f'process "{" ".join(step.args)}" did not complete successfully: '
                f"exit code: {error.exit_code}",
            ) from error
        return [outputs[index] for index in sorted(outputs)]

    def _failure(self, graph: Graph, digest: str, message: str) -> CallFailedError:
        """With the details that BuildKit gives: where it comes from, which vertex, which op."""
        details = [
            AnyMessage(
                type_url=f"{_ERRDEFS}.Source+json",
                value=json.dumps(source).encode(),
            )
            for source in _sources(graph.definition, digest)
        ]
        details.append(
            AnyMessage(
                type_url=f"{_ERRDEFS}.Vertex+json", value=json.dumps({"digest": digest}).encode()
            )
        )
        solve = errdefs_pb2.Solve(op=graph.ops[digest])
        details.append(
            AnyMessage(
                type_url=f"{_ERRDEFS}.Solve+json",
                value=MessageToJson(solve, indent=None).encode(),
            )
        )
        return CallFailedError(message, details=tuple(details))


def platform_id(platform: ops_pb2.Platform) -> str:
    """`linux/arm/v7`; empty parts are left out."""
    return "/".join(part for part in (platform.OS, platform.Architecture, platform.Variant) if part)


def _sources(definition: ops_pb2.Definition, digest: str) -> list[dict[str, object]]:
    if digest not in definition.Source.locations:
        return []
    found: list[dict[str, object]] = []
    for location in definition.Source.locations[digest].locations:
        info = definition.Source.infos[location.sourceIndex]
        found.append(
            {
                "info": {
                    "filename": info.filename,
                    "data": base64.b64encode(info.data).decode(),
                    "language": info.language,
                },
                "ranges": [
                    {"start": {"line": each.start.line}, "end": {"line": each.end.line}}
                    for each in location.ranges
                ],
            }
        )
    return found


def _diff(op: ops_pb2.DiffOp, inputs: Sequence[Path], target: Path) -> Path:
    """What is new or changed in the upper one; deletions are not kept."""
    target.mkdir()
    upper = inputs[op.upper.input] if op.upper.input >= 0 else target
    lower = inputs[op.lower.input] if op.lower.input >= 0 else target
    changed: dict[str, None] = {}
    for path in walk(upper):
        if _differs(upper / path, lower / path):
            for parent in reversed(Path(path).parents[:-1]):
                changed[parent.as_posix()] = None
            changed[path] = None
    copy_paths(upper, target, changed)
    return target


def _differs(upper: Path, lower: Path) -> bool:
    if upper.is_symlink():
        return not lower.is_symlink() or upper.readlink() != lower.readlink()
    if upper.is_dir():
        return not lower.is_dir() or lower.is_symlink()
    if lower.is_symlink() or not lower.is_file():
        return True
    same_mode = upper.stat().st_mode == lower.stat().st_mode
    return not same_mode or upper.read_bytes() != lower.read_bytes()


def _is_below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")
