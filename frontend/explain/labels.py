"""A record as labels of an image, and back (docs/explain.md has the format for users).

```
uv-frontend.plan        digest of the whole record
uv-frontend.image       what the image as a whole is made from
uv-frontend.layer.01    one for each layer, the lowest first
```

Everything but the digest is JSON. containerd's clients put the labels of images on containers and
leave out what has more than 4096 bytes (containerd, pkg/labels/validate.go), so none is longer; and
they travel with every look at the image, so that all together have at most 16 kB. Where that is too
little, files are told by folder, the deepest ones first, then not at all, and then packages by
their number.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from frontend.explain.record import FILE, Base, Record, RecordedLayer, Tree, short_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from frontend.emit.image_config import ImageConfig


PREFIX = "uv-frontend."
PLAN = f"{PREFIX}plan"
IMAGE = f"{PREFIX}image"
LAYER = f"{PREFIX}layer."
#: Raised when a label changes its meaning; other versions cannot be compared.
VERSION = 1
#: Bytes of one label with its name, and of all of them.
LONGEST, ALL = 4096, 16_000
#: No layer's label is cut to less than this for the sake of the others.
_SHORTEST = 128


class UnreadableLabelsError(Exception):
    """Labels of ours that say nothing; `version` is theirs, if they have one that is not ours."""

    def __init__(self, version: object = None) -> None:
        super().__init__("labels that cannot be read")
        self.version = version


def written(record: Record) -> dict[str, str]:
    """Return the labels of `record`."""
    found = {PLAN: record.digest, IMAGE: _compact_json(_image(record))}
    longest = LONGEST
    while True:
        layers = {
            (name := f"{LAYER}{number:02}"): _fitting(layer, longest - len(name))
            for number, layer in enumerate(record.layers, 1)
        }
        size = sum(len(name) + len(text.encode()) for name, text in (found | layers).items())
        if size <= ALL or longest <= _SHORTEST:
            return found | layers
        longest //= 2


def attached(config: ImageConfig, record: Record) -> ImageConfig:
    """Return an image's configuration with the labels of `record`; the user's own labels win."""
    return replace(config, labels={**written(record), **config.labels})


def read(labels: Mapping[str, str]) -> Record | None:
    """Return what an image's labels tell; None for one without ours.

    Raises UnreadableLabelsError for some that we have not written.
    """
    if IMAGE not in labels:
        return None
    try:
        told = json.loads(labels[IMAGE])
        if told["version"] != VERSION:
            raise UnreadableLabelsError(told["version"])
        layers = (json.loads(labels[f"{LAYER}{n:02}"]) for n in range(1, told["layers"] + 1))
        base = Base(*told["base"])
        return Record(
            package=told["package"],
            target=told["target"],
            platform=told["platform"],
            base=base,
            builder=Base(*told["builder"]) if "builder" in told else base,
            python=told["python"],
            uv=told["uv"],
            steps=told["steps"],
            extras=tuple(told.get("extras", ())),
            groups=tuple(told.get("groups", ())),
            layers=tuple(map(_read_layer, layers)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableLabelsError from error


def _compact_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _image(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": VERSION,
        "package": record.package,
        "target": record.target,
        "platform": record.platform,
        "base": [record.base.name, record.base.digest],
        "python": record.python,
        "uv": record.uv,
        "steps": record.steps,
        "layers": len(record.layers),
    }
    if record.builder != record.base:
        found["builder"] = [record.builder.name, record.builder.digest]
    if record.extras:
        found["extras"] = list(record.extras)
    if record.groups:
        found["groups"] = list(record.groups)
    return found


def _fitting(layer: RecordedLayer, most: int) -> str:
    """The label of one layer in `most` bytes, with as much in it as fits."""
    # A layer has many packages, or files, or neither.
    trees = {name: dict(tree.files or {}) for name, tree in layer.trees.items()}
    whole = {name: tree.files for name, tree in layer.trees.items()}
    while len(text := _compact_json(_layer(layer, trees)).encode()) > most and any(trees.values()):
        deepest = max(trees, key=lambda name: max(map(_depth, trees[name]), default=-1))
        trees[deepest] = _with_folder(trees[deepest], whole[deepest] or {})
    if len(text) > most and layer.packages:
        text = _compact_json(_layer(layer, trees, packages=False)).encode()
    return text.decode()


def _depth(path: str) -> int:
    return path.rstrip("/").count("/")


def _with_folder(told: Mapping[str, str], whole: Mapping[str, str]) -> dict[str, str]:
    """`told` with the deepest folders in place of what is in them; nothing where none is left."""
    depth = max(map(_depth, told))
    if depth == 0:
        return {}
    kept = {path: digest for path, digest in told.items() if _depth(path) < depth}
    below: dict[str, dict[str, str]] = {}
    for path, digest in whole.items():
        if _depth(path) >= depth:
            folder = "".join(f"{part}/" for part in path.split("/")[:depth])
            below.setdefault(folder, {})[path.removeprefix(folder)] = digest
    return {**kept, **{folder: short_digest(files) for folder, files in below.items()}}


def _layer(
    layer: RecordedLayer, trees: Mapping[str, Mapping[str, str]], *, packages: bool = True
) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": layer.kind, "key": layer.key}
    if layer.text:
        found["text"] = layer.text
    if layer.packages and packages:
        found["packages"] = dict(layer.packages)
    elif layer.count:
        found["packages"] = layer.count
    if layer.trees:
        found["files"] = {name: _tree(tree, trees[name]) for name, tree in layer.trees.items()}
    return found


def _tree(tree: Tree, files: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"digest": tree.digest[: 2 * FILE]}
    if tree.version:
        found["version"] = tree.version
    if files:
        found["paths"] = dict(files)
    return found


def _read_layer(told: Mapping[str, Any]) -> RecordedLayer:
    packages = told.get("packages", {})
    counted = isinstance(packages, int)
    return RecordedLayer(
        kind=str(told["kind"]),
        key=str(told["key"]),
        packages=None if counted else dict(packages),
        trees={
            name: Tree(tree["digest"], tree.get("paths"), tree.get("version", ""))
            for name, tree in told.get("files", {}).items()
        },
        text=told.get("text", ""),
        count=packages if counted else len(packages),
    )
