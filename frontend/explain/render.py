"""A comparison as lines for people, and as JSON for programs (docs/explain.md has both)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frontend.explain.compare import (
    BASE,
    BUILDER,
    PYTHON,
    STEPS,
    UV,
    Change,
    Comparison,
    Cost,
    Fact,
    FileChange,
    LayerChange,
    State,
    Verb,
    cost,
)
from frontend.model.packages import SizeFormat, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from frontend.explain.record import RecordedLayer


#: Of one layer no more changes are named.
MOST = 12
_DIGITS = 12
_SIZE = SizeFormat(("GB", "MB", "kB"), {"GB": 10, "MB": 10})


def lines(comparison: Comparison) -> list[str]:
    """Say what changed, one thing a line, and what it costs to push."""
    if comparison.unchanged:
        return ["nothing changed"]
    total = len(comparison.after.layers)
    return [
        *map(_fact, comparison.facts),
        *(
            _layer(change, total)
            for change in comparison.touched
            if change.state is not State.REMADE
        ),
        *_remade(comparison, total),
        *(_removed(change.number, change.layer, comparison) for change in comparison.removed),
        *(["layers lie in another order"] if comparison.reordered else []),
        *([f"configuration: {', '.join(comparison.settings)}"] if comparison.settings else []),
        _push(comparison),
    ]


def _fact(fact: Fact) -> str:
    if fact.what in (BASE, BUILDER):
        (name, _, old), (now, _, new) = fact.before.rpartition("@"), fact.after.rpartition("@")
        digests = f"{_short(old)} → {_short(new)}"
        if name == now:
            return f"{fact.what}: {name} moved ({digests})"
        same = old == new
        return f"{fact.what}: {name} → {now}{'' if same else f' ({digests})'}"
    if fact.what == STEPS:
        return "built by another version of uv-frontend, whose steps are others"
    named = {PYTHON: "Python", UV: "uv"}.get(fact.what, fact.what)
    return f"{named}: {fact.before or 'none'} → {fact.after or 'none'}"


def _short(digest: str) -> str:
    return digest.rpartition(":")[2][:_DIGITS]


def _layer(change: LayerChange, total: int) -> str:
    head = f"layer {change.number} of {total}"
    if change.layer.count != 1 or not change.packages:
        head = f"{head}, {_contents(change.layer)}"
    items = [
        *(f"{package.name} {_arrow(package)}" for package in change.versions),
        *map(_package, change.packages),
        *_files(change.files),
    ]
    if change.text:
        items.append(f"before {change.text}")
    if change.state is State.NEW:
        items.insert(0, "new")
    if not items:
        items = [_unseen(change)]
    return f"{head}: {_few(items)}"


def _unseen(change: LayerChange) -> str:
    """Name what may have changed although nothing that the labels list did."""
    if not change.layer.count:
        return "settings"
    return f"{'' if change.listed else 'other packages, '}files of the lock, or settings"


def _contents(layer: RecordedLayer) -> str:
    if layer.count == 1 and layer.packages:
        ((name, version),) = layer.packages.items()
        return f"{name} {version}"
    if layer.count:
        return f"{layer.count} packages"
    if layer.kind == "files":
        return "files"
    if layer.trees:
        return f"{layer.kind} {', '.join(layer.trees)}"
    return layer.text or layer.kind


def _package(change: Change) -> str:
    if change.verb is Verb.ADDED:
        return f"{change.name} {change.after} added"
    if change.verb is Verb.REMOVED:
        return f"{change.name} {change.before} removed"
    versions = _arrow(change) if change.before != change.after else change.after
    if change.verb is Verb.MOVED_IN:
        return f"{change.name} {versions} moved here from layer {change.layer}"
    if change.verb is Verb.MOVED_OUT:
        return f"{change.name} {versions} moved to layer {change.layer}"
    return f"{change.name} {versions}"


def _arrow(change: Change) -> str:
    return f"{change.before or 'none'} → {change.after or 'none'}"


def _files(files: Sequence[FileChange]) -> list[str]:
    """Return paths; the package precedes them if the layer has several packages."""
    several = len({file.tree for file in files}) > 1
    texts = []
    for file in files:
        if not file.path:
            what = {Verb.ADDED: "new", Verb.REMOVED: "removed"}.get(file.verb, "files changed")
            texts.append(f"{file.tree} {what}" if several or what == "removed" else what)
            continue
        path = f"{file.tree}/{file.path}" if several else file.path
        texts.append(path if file.verb is Verb.CHANGED else f"{path} {file.verb}")
    return texts


def _few(items: Sequence[str]) -> str:
    if len(items) <= MOST:
        return ", ".join(items)
    return f"{', '.join(items[:MOST])}, and {len(items) - MOST} more"


def _remade(comparison: Comparison, total: int) -> list[str]:
    """Name the layers whose step runs again although nothing in them changed."""
    numbers = [str(change.number) for change in comparison.touched if change.state is State.REMADE]
    if not numbers:
        return []
    named = f"layer {numbers[0]}" if len(numbers) == 1 else f"layers {', '.join(numbers)}"
    return [f"{named} of {total}: made again, with the same packages and files"]


def _removed(number: int, layer: RecordedLayer, comparison: Comparison) -> str:
    return f"gone: layer {number} of {len(comparison.before.layers)}, {_contents(layer)}"


def _push(comparison: Comparison) -> str:
    """Say how much is pushed: at least, and at most if layers that are made again differ."""
    sure, perhaps = cost(comparison, State.CHANGED, State.NEW), cost(comparison, State.REMADE)
    total = len(comparison.after.layers)
    if not sure.layers and not perhaps.layers:
        base = any(fact.what == BASE for fact in comparison.facts)
        return "to push: " + ("the base's new layers" if base else "only the configuration")
    text = f"to push: {sure.layers} of {total} layers, {_about(sure)}"
    if perhaps.layers:
        more = f"{perhaps.layers} more ({_about(perhaps)}) where making them again changes them"
        text = f"to push: {more}" if not sure.layers else f"{text}; {more}"
    if any(fact.what == BASE for fact in comparison.facts):
        text += "; the base's new layers"
    return text


def _about(cost: Cost) -> str:
    if cost.unknown == cost.layers:
        return "of unknown size"
    unknown = f", and {cost.unknown} of unknown size" if cost.unknown else ""
    return f"about {size_text(cost.size, _SIZE)}{unknown}"


def document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison for programs; unknown values are None."""
    sure, perhaps = cost(comparison, State.CHANGED, State.NEW), cost(comparison, State.REMADE)
    return {
        "changed": not comparison.unchanged,
        "facts": [
            {"what": fact.what, "before": fact.before, "after": fact.after}
            for fact in comparison.facts
        ],
        "layers": [_layer_document(change) for change in comparison.layers],
        "removed": [
            {"number": change.number, "contents": _contents(change.layer)}
            for change in comparison.removed
        ],
        "reordered": comparison.reordered,
        "configuration": list(comparison.settings),
        "push": {"layers": sure.layers, "bytes": sure.size, "unknown": sure.unknown},
        "perhaps": {"layers": perhaps.layers, "bytes": perhaps.size, "unknown": perhaps.unknown},
    }


def _layer_document(change: LayerChange) -> dict[str, Any]:
    return {
        "number": change.number,
        "previous": change.previous or None,
        "kind": change.layer.kind,
        "contents": _contents(change.layer),
        "state": str(change.state),
        "packages": [
            {
                "name": package.name,
                "change": str(package.verb),
                "before": package.before or None,
                "after": package.after or None,
            }
            for package in (*change.versions, *change.packages)
        ],
        "files": [
            {"package": file.tree, "path": file.path or None, "change": str(file.verb)}
            for file in change.files
        ],
    }
