"""What changed from one record to another, layer by layer. Pure: records in, data out.

Layers are matched by key and files, then by the kind and by what they have in common. A package is
followed by its name, so that one that moves to another layer is told as that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from frontend.explain.record import FILE, RecordedLayer, folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from frontend.explain.record import Record, Tree


class State(StrEnum):
    """What becomes of a layer."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    #: Its step runs again for a reason that all layers have; it may come out the same.
    REMADE = "remade"


class Verb(StrEnum):
    """What happened to a package, or to files."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    MOVED_IN = "moved here"
    MOVED_OUT = "moved away"


@dataclass(frozen=True)
class Change:
    """What happened to a package: its versions, and the other layer's number if it moved."""

    name: str
    verb: Verb
    before: str = ""
    after: str = ""
    layer: int = 0


@dataclass(frozen=True)
class FileChange:
    """A file of a package (`tree`), or a folder of it that is not told file by file.

    Without a path something in that package changed, and the labels do not say what.
    """

    tree: str
    path: str
    verb: Verb


@dataclass(frozen=True)
class LayerChange:
    """One layer of the new image; `previous` is the number of its counterpart, 0 for none.

    `listed` says whether the labels list its packages, and do not just count them.
    """

    number: int
    layer: RecordedLayer
    state: State
    previous: int = 0
    packages: tuple[Change, ...] = ()
    versions: tuple[Change, ...] = ()
    files: tuple[FileChange, ...] = ()
    text: str = ""
    listed: bool = True


@dataclass(frozen=True)
class Removed:
    """A layer of the previous image that the new one does not have."""

    number: int
    layer: RecordedLayer


@dataclass(frozen=True)
class Fact:
    """Something about the image as a whole: `what` was `before`, and is `after`."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """What changed. `settings` are names of what changed in the image's configuration."""

    before: Record
    after: Record
    facts: tuple[Fact, ...] = ()
    layers: tuple[LayerChange, ...] = ()
    removed: tuple[Removed, ...] = ()
    reordered: bool = False
    settings: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Return whether the new image is the previous one."""
        different = self.facts or self.removed or self.reordered or self.settings
        return not different and not self.touched

    @property
    def touched(self) -> tuple[LayerChange, ...]:
        """Return the layers that differ from their counterparts or have none."""
        return tuple(layer for layer in self.layers if layer.state is not State.SAME)

    def count(self, *states: State) -> int:
        """Return how many layers are in one of these states."""
        return sum(layer.state in states for layer in self.layers)


@dataclass(frozen=True)
class Cost:
    """Bytes to push: of `layers` layers, `unknown` of which have no known size."""

    size: int = 0
    layers: int = 0
    unknown: int = 0


#: Facts for which every step runs again.
BASE, BUILDER, PYTHON, UV, STEPS = "base", "builder", "python", "uv", "steps"
CREATED = "time of creation"
_FOR_ALL = (BASE, BUILDER, PYTHON, UV, STEPS)


def compare(
    before: Record, after: Record, old: Mapping[str, object], new: Mapping[str, object]
) -> Comparison:
    """Compare two records, and the configurations of their images."""
    facts = tuple(_facts(before, after))
    pairs = _pairs(before.layers, after.layers)
    moves = _Moves(before, after, {b: a for a, b in pairs.items()})
    whole = any(fact.what in _FOR_ALL for fact in facts)
    layers = tuple(
        _layer(n, layer, pairs.get(n), before, moves, whole) for n, layer in enumerate(after.layers)
    )
    met = [pairs[n] for n in sorted(pairs)]
    removed = tuple(Removed(n + 1, layer) for n, layer in enumerate(before.layers) if n not in met)
    reordered = met != sorted(met)
    named = [
        name
        for name in settings(old, new)
        # It is the base's own, which moved.
        if name != CREATED or not any(fact.what == BASE for fact in facts)
    ]
    return Comparison(before, after, facts, layers, removed, reordered, tuple(named))


def cost(comparison: Comparison, *states: State) -> Cost:
    """Return what pushing the layers in these states takes, as far as is known before the build.

    It is the size of the locked files and of the packages' own: a layer has bytecode as well, and
    is compressed.
    """
    layers = [change.layer for change in comparison.layers if change.state in states]
    sizes = [_size(layer) for layer in layers]
    known_sizes = [size for size in sizes if size is not None]
    return Cost(sum(known_sizes), len(layers), len(sizes) - len(known_sizes))


def _size(layer: RecordedLayer) -> int | None:
    trees = [tree.size for tree in layer.trees.values()]
    if layer.size is None or None in trees:
        return None
    if not layer.count and not trees:
        # An empty environment is some kilobytes; what changes a base may be anything.
        return 0 if layer.kind == "skeleton" else None
    return layer.size + sum(size for size in trees if size is not None)


def _facts(before: Record, after: Record) -> list[Fact]:
    facts = []
    for what, one, other in (
        ("package", before.package, after.package),
        ("target", before.target, after.target),
        ("platform", before.platform, after.platform),
        ("extras", ", ".join(before.extras), ", ".join(after.extras)),
        ("groups", ", ".join(before.groups), ", ".join(after.groups)),
        (PYTHON, before.python, after.python),
        (UV, before.uv, after.uv),
        (STEPS, before.steps, after.steps),
    ):
        if one != other:
            facts.append(Fact(what, one, other))
    images = [(BASE, before.base, after.base)]
    if (before.builder, after.builder) != (before.base, after.base):
        images.append((BUILDER, before.builder, after.builder))
    for what, was, is_ in images:
        if was != is_:
            facts.append(Fact(what, f"{was.name}@{was.digest}", f"{is_.name}@{is_.digest}"))
    return facts


def _pairs(before: Sequence[RecordedLayer], after: Sequence[RecordedLayer]) -> dict[int, int]:
    """Counterparts: the numbers of new layers, each with that of the previous one, from 0.

    Those that are the same come first, then those that have the most in common.
    """
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for alike in (_identical, _alike):
        scored = sorted(
            (-score, abs(number - place), number, place)
            for number, layer in enumerate(after)
            for place, other in enumerate(before)
            if number not in pairs and place not in taken and (score := alike(other, layer)) > 0
        )
        for _, _, number, place in scored:
            if number not in pairs and place not in taken:
                pairs[number] = place
                taken.add(place)
    return pairs


def _identical(before: RecordedLayer, after: RecordedLayer) -> float:
    return float(before.key == after.key and _names(before) == _names(after))


def _alike(before: RecordedLayer, after: RecordedLayer) -> float:
    """Return how much two layers have in common, from 0 to 1."""
    if before.trees.keys() & after.trees.keys():
        return 1.0
    one, other = _names(before), _names(after)
    if one and other:
        # A package that has a layer of its own now was in that of many.
        return len(one & other) / len(one | other)
    if before.kind != after.kind:
        return 0.0
    if before.text and after.text:
        return 1.0 if before.text == after.text else 0.5
    # A layer whose packages are not listed.
    return 0.5 if before.count and after.count else 0.0


def _names(layer: RecordedLayer) -> frozenset[str]:
    return frozenset(layer.packages or ()) | frozenset(layer.trees)


class _Moves:
    """Where each package was and is; `after` are the new numbers of the previous layers."""

    def __init__(self, before: Record, after: Record, numbers: Mapping[int, int]) -> None:
        self.before = _places(before)
        self.after = _places(after)
        self.numbers = numbers
        self.listed = all(layer.packages is not None for layer in before.layers)

    def into(self, number: int, layer: RecordedLayer) -> list[Change]:
        """Return what happened to the packages of a new layer."""
        changes = []
        for name, version in (layer.packages or {}).items():
            if name not in self.before:
                # Where packages are only counted it may have been one of them.
                if self.listed:
                    changes.append(Change(name, Verb.ADDED, after=version))
                continue
            place, old = self.before[name]
            if self.numbers.get(place) != number:
                changes.append(Change(name, Verb.MOVED_IN, old, version, place + 1))
            elif old != version:
                changes.append(Change(name, Verb.CHANGED, old, version))
        return changes

    def out_of(self, number: int, layer: RecordedLayer) -> list[Change]:
        """What happened to the packages that a previous layer had, and its counterpart has not."""
        changes = []
        for name, version in (layer.packages or {}).items():
            if name not in self.after:
                changes.append(Change(name, Verb.REMOVED, before=version))
                continue
            place, new = self.after[name]
            if place != number:
                changes.append(Change(name, Verb.MOVED_OUT, version, new, place + 1))
        return changes


def _places(record: Record) -> dict[str, tuple[int, str]]:
    return {
        name: (number, version)
        for number, layer in enumerate(record.layers)
        for name, version in (layer.packages or {}).items()
    }


def _layer(
    number: int,
    layer: RecordedLayer,
    previous: int | None,
    before: Record,
    moves: _Moves,
    whole: bool,
) -> LayerChange:
    if previous is None:
        into = () if layer.packages is None else moves.into(number, layer)
        return LayerChange(number + 1, layer, State.NEW, packages=tuple(into))
    old = before.layers[previous]
    listed = old.packages is not None and layer.packages is not None
    packages = [*moves.into(number, layer), *moves.out_of(number, old)] if listed else []
    versions = [
        Change(name, Verb.CHANGED, old.trees[name].version, tree.version)
        for name, tree in layer.trees.items()
        if name in old.trees and old.trees[name].version != tree.version
    ]
    files = [
        *(change for name, tree in layer.trees.items() for change in _tree(name, old, tree)),
        *(FileChange(name, "", Verb.REMOVED) for name in old.trees.keys() - layer.trees.keys()),
    ]
    text = old.text if old.text != layer.text else ""
    differs = bool(packages or versions or files or text)
    if not differs and old.key == layer.key:
        return LayerChange(number + 1, layer, State.SAME, previous + 1)
    state = State.REMADE if whole and not differs and old.count == layer.count else State.CHANGED
    return LayerChange(
        number + 1,
        layer,
        state,
        previous + 1,
        tuple(packages),
        tuple(versions),
        tuple(files),
        text,
        listed,
    )


def _tree(name: str, old: RecordedLayer, tree: Tree) -> list[FileChange]:
    """Return the files that changed in a tree, or the tree alone if the labels list no files."""
    if name not in old.trees:
        return [FileChange(name, "", Verb.ADDED)]
    before = old.trees[name]
    shortest = min(len(before.digest), len(tree.digest))
    if before.digest[:shortest] == tree.digest[:shortest]:
        return []
    if not before.files or tree.files is None:
        return [FileChange(name, "", Verb.CHANGED)]
    changes = []
    folders = [path for path in before.files if path.endswith("/")]
    for path, digest in sorted(before.files.items()):
        now = folded(tree.files, path) if path.endswith("/") else tree.files.get(path, "")
        if not now:
            changes.append(FileChange(name, path, Verb.REMOVED))
        elif now[:FILE] != digest[:FILE]:
            changes.append(FileChange(name, path, Verb.CHANGED))
    changes += [
        FileChange(name, path, Verb.ADDED)
        for path in sorted(tree.files)
        if path not in before.files and not path.startswith(tuple(folders))
    ]
    return changes or [FileChange(name, "", Verb.CHANGED)]


_KEYS = ("Entrypoint", "Cmd", "User", "WorkingDir", "ExposedPorts", "Volumes", "StopSignal")
_OURS = ("uv-frontend.", "org.opencontainers.image.base.")


def settings(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Name what differs in two images' configurations; no value is told, it may be a secret."""
    old, new = _run(before), _run(after)
    differing = [key for key in _KEYS if (old.get(key) or None) != (new.get(key) or None)]
    for what, one, other in (
        ("Env", _env(old), _env(new)),
        ("label", _labels(old), _labels(new)),
    ):
        names = sorted(one.keys() | other.keys())
        differing += [f"{what} {name}" for name in names if one.get(name) != other.get(name)]
    if before.get("created") != after.get("created"):
        differing.append(CREATED)
    return differing


def _run(config: Mapping[str, object]) -> Mapping[str, object]:
    run = config.get("config")
    return run if isinstance(run, dict) else {}


def _env(run: Mapping[str, object]) -> dict[str, str]:
    env = run.get("Env")
    listed = env if isinstance(env, list) else []
    return {name: value for name, _, value in (str(item).partition("=") for item in listed)}


def _labels(run: Mapping[str, object]) -> dict[str, object]:
    labels = run.get("Labels")
    by_name = labels if isinstance(labels, dict) else {}
    return {name: value for name, value in by_name.items() if not name.startswith(_OURS)}
