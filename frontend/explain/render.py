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


def lines(found: Comparison) -> list[str]:
    """Say what changed, one thing a line, and what it costs to push."""
    if found.unchanged:
        return ["nothing changed"]
    total = len(found.after.layers)
    return [
        *map(_fact, found.facts),
        *(_layer(each, total) for each in found.touched if each.state is not State.REMADE),
        *_remade(found, total),
        *(_removed(each.number, each.layer, found) for each in found.removed),
        *(["layers lie in another order"] if found.reordered else []),
        *([f"configuration: {', '.join(found.settings)}"] if found.settings else []),
        _push(found),
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


def _layer(each: LayerChange, total: int) -> str:
    head = f"layer {each.number} of {total}"
    if each.layer.count != 1 or not each.packages:
        head = f"{head}, {_contents(each.layer)}"
    told = [
        *(f"{change.name} {_arrow(change)}" for change in each.versions),
        *map(_package, each.packages),
        *_files(each.files),
    ]
    if each.text:
        told.append(f"before {each.text}")
    if each.state is State.NEW:
        told.insert(0, "new")
    if not told:
        told = [_unseen(each)]
    return f"{head}: {_few(told)}"


def _unseen(each: LayerChange) -> str:
    """What may have changed where nothing that the labels list has."""
    if not each.layer.count:
        return "settings"
    return f"{'' if each.listed else 'other packages, '}files of the lock, or settings"


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
    """Paths; those of several packages in one layer with the package in front."""
    several = len({each.tree for each in files}) > 1
    found = []
    for each in files:
        if not each.path:
            what = {Verb.ADDED: "new", Verb.REMOVED: "removed"}.get(each.verb, "files changed")
            found.append(f"{each.tree} {what}" if several or what == "removed" else what)
            continue
        path = f"{each.tree}/{each.path}" if several else each.path
        found.append(path if each.verb is Verb.CHANGED else f"{path} {each.verb}")
    return found


def _few(told: Sequence[str]) -> str:
    if len(told) <= MOST:
        return ", ".join(told)
    return f"{', '.join(told[:MOST])}, and {len(told) - MOST} more"


def _remade(found: Comparison, total: int) -> list[str]:
    """The layers whose step runs again for none of their own changes."""
    numbers = [str(each.number) for each in found.touched if each.state is State.REMADE]
    if not numbers:
        return []
    named = f"layer {numbers[0]}" if len(numbers) == 1 else f"layers {', '.join(numbers)}"
    return [f"{named} of {total}: made again, with the same packages and files"]


def _removed(number: int, layer: RecordedLayer, found: Comparison) -> str:
    return f"gone: layer {number} of {len(found.before.layers)}, {_contents(layer)}"


def _push(found: Comparison) -> str:
    """What is to be pushed: surely, and at most where layers may come out the same."""
    sure, perhaps = cost(found, State.CHANGED, State.NEW), cost(found, State.REMADE)
    total = len(found.after.layers)
    if not sure.layers and not perhaps.layers:
        base = any(fact.what == BASE for fact in found.facts)
        return "to push: " + ("the base's new layers" if base else "only the configuration")
    told = f"to push: {sure.layers} of {total} layers, {_about(sure)}"
    if perhaps.layers:
        more = f"{perhaps.layers} more ({_about(perhaps)}) where making them again changes them"
        told = f"to push: {more}" if not sure.layers else f"{told}; {more}"
    if any(fact.what == BASE for fact in found.facts):
        told += "; the base's new layers"
    return told


def _about(cost: Cost) -> str:
    if cost.unknown == cost.layers:
        return "of unknown size"
    unknown = f", and {cost.unknown} of unknown size" if cost.unknown else ""
    return f"about {size_text(cost.size, _SIZE)}{unknown}"


def document(found: Comparison) -> dict[str, Any]:
    """The same for programs; what is None is not known."""
    sure, perhaps = cost(found, State.CHANGED, State.NEW), cost(found, State.REMADE)
    return {
        "changed": not found.unchanged,
        "facts": [
            {"what": fact.what, "before": fact.before, "after": fact.after} for fact in found.facts
        ],
        "layers": [_layer_document(each) for each in found.layers],
        "removed": [
            {"number": each.number, "contents": _contents(each.layer)} for each in found.removed
        ],
        "reordered": found.reordered,
        "configuration": list(found.settings),
        "push": {"layers": sure.layers, "bytes": sure.size, "unknown": sure.unknown},
        "perhaps": {"layers": perhaps.layers, "bytes": perhaps.size, "unknown": perhaps.unknown},
    }


def _layer_document(each: LayerChange) -> dict[str, Any]:
    return {
        "number": each.number,
        "previous": each.previous or None,
        "kind": each.layer.kind,
        "contents": _contents(each.layer),
        "state": str(each.state),
        "packages": [
            {
                "name": change.name,
                "change": str(change.verb),
                "before": change.before or None,
                "after": change.after or None,
            }
            for change in (*each.versions, *each.packages)
        ],
        "files": [
            {"package": file.tree, "path": file.path or None, "change": str(file.verb)}
            for file in each.files
        ],
    }
