"""What is kept of an image: enough to say later what changed, and nothing that differs by itself.

No time, no address of an index, no path outside of the workspace: the same commit has the same
record, whoever builds it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from frontend.emit import layer_key
from frontend.steps import every, script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.emit.step import Step
    from frontend.model.base import BaseImage
    from frontend.model.packages import LockedPackage
    from frontend.resolve.platform import ResolvedPlatform
    from frontend.targets.result import TargetResult


#: Of a layer's key, of a file's digest: enough to tell those of two builds apart.
KEY, FILE = 12, 8


@dataclass(frozen=True)
class Tree:
    """The files that a layer has from the build context: a package's, or those of `files`.

    `digest` is that of them all. `files` has a digest for each path, and for each folder (whose
    path ends in a slash) that is not told file by file; it is None where nothing is told but the
    digest. `size` is the sum of the files' bytes, None where that is not known.
    """

    digest: str
    files: Mapping[str, str] | None
    version: str = ""
    size: int | None = None


#: Trees by the number of their layer, from 0, and by their name.
Trees: TypeAlias = "Mapping[tuple[int, str], Tree]"


@dataclass(frozen=True)
class RecordedLayer:
    """What is kept of one layer.

    `packages` are versions by name, None where they are too many to be kept; `count` says how many
    there are. `text` says what is in a layer without either packages or files. `size` is in bytes,
    that of the locked files, None where that is not known.
    """

    kind: str
    key: str
    packages: Mapping[str, str] | None = field(default_factory=dict)
    trees: Mapping[str, Tree] = field(default_factory=dict)
    text: str = ""
    count: int = 0
    size: int | None = None


@dataclass(frozen=True)
class Base:
    """An image that another one stands on; `digest` tells its contents, whatever form it has."""

    name: str
    digest: str


@dataclass(frozen=True)
class Record:
    """What is kept of one image. `steps` tells versions of our scripts apart."""

    package: str
    target: str
    platform: str
    base: Base
    builder: Base
    python: str
    uv: str
    steps: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    layers: tuple[RecordedLayer, ...] = ()

    @property
    def digest(self) -> str:
        """Return the digest of the record: equal for images that were made from the same."""
        plain = json.dumps(_plain(self), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"


def record(resolved: ResolvedPlatform, result: TargetResult) -> Record:
    """Write down what an image is made from; its trees have no digests yet, see `with_files`.

    The result is one with a plan, as its target made it.
    """
    assert result.plan is not None
    assert result.base_rootfs is not None
    inputs, request = resolved.inputs, resolved.inputs.request
    env, base, steps = resolved.environment, resolved.base, result.steps
    keys = layer_key.keys(
        resolved.writer, env, base.interpreter, base.image, result.base_rootfs, steps
    )
    selection = inputs.selection
    return Record(
        package=", ".join(selection.packages),
        target=request.target or "image",
        platform=resolved.platform.id,
        base=_base(base.image),
        builder=_base(env.image),
        python=base.interpreter.version,
        uv=env.uv.version,
        steps=_steps(),
        extras=tuple(sorted(selection.extras)),
        groups=tuple(sorted(selection.groups)),
        layers=tuple(_layer(step, key) for step, key in zip(steps, keys, strict=True)),
    )


def with_files(made: Record, files: Trees) -> Record:
    """Return the record with the files of its trees."""
    return replace(
        made,
        layers=tuple(
            replace(
                layer,
                trees={
                    name: replace(files[number, name], version=tree.version)
                    for name, tree in layer.trees.items()
                },
            )
            for number, layer in enumerate(made.layers)
        ),
    )


def short_digest(files: Mapping[str, str]) -> str:
    """Return one digest for files by their paths, from the short digests that are kept."""
    text = json.dumps(files, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:FILE]


def folded(files: Mapping[str, str], folder: str) -> str:
    """The digest of all files below a folder, whose path ends in a slash; empty if there is none.

    It is that which a record has in place of the folder's files.
    """
    below = {
        path.removeprefix(folder): digest
        for path, digest in files.items()
        if path.startswith(folder)
    }
    return short_digest(below) if below else ""


def _layer(step: Step, key: str) -> RecordedLayer:
    layer = step.layer
    sizes = [package.size for package in layer.packages]
    versions = {member.name: member.version for member in layer.members}
    trees = {files.name: Tree("", None, versions.get(files.name, "")) for files in step.inputs}
    return RecordedLayer(
        kind=str(layer.kind),
        key=key.removeprefix("sha256:")[:KEY],
        packages={package.name: _version(package) for package in layer.packages},
        trees=trees,
        text="" if layer.packages or layer.members else layer.title,
        count=len(layer.packages),
        size=sum(sizes) if all(sizes) else None,
    )


def _version(package: LockedPackage) -> str:
    """The version, of git with the commit: another commit need not have another version."""
    _, _, commit = str(package.table["source"].get("git", "")).partition("#")
    return f"{package.version} ({commit[:FILE]})".strip() if commit else package.version


def _base(image: BaseImage) -> Base:
    return Base(image.name, image.digest or image.identity)


@cache
def _steps() -> str:
    return hashlib.sha256(b"".join(map(script, every()))).hexdigest()[:FILE]


def _plain(value: Any) -> Any:
    """As JSON has it, less sizes: those of the lock decide nothing."""
    if hasattr(value, "__dataclass_fields__"):
        names = [name for name in value.__dataclass_fields__ if name != "size"]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {name: _plain(item) for name, item in value.items()}
    return value
