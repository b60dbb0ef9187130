"""Laws of comparisons: of a record with itself, and of two records in both directions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from frontend.explain import labels, render
from frontend.explain.compare import State, Verb, compare, cost, settings
from tests.unit.frontend.explain.records import records

if TYPE_CHECKING:
    from frontend.explain.compare import Comparison
    from frontend.explain.record import Record


def packages(record: Record) -> dict[str, str]:
    """Return the version of each third-party package."""
    return {name: v for layer in record.layers for name, v in (layer.packages or {}).items()}


def changed(comparison: Comparison, verb: Verb) -> set[tuple[str, str]]:
    """Return names and the version that a package has, or had, of those with this change."""
    return {
        (change.name, change.before or change.after)
        for layer in comparison.layers
        for change in layer.packages
        if change.verb is verb
    }


@given(records())
def test_a_record_compared_with_itself_is_unchanged(record: Record) -> None:
    comparison = compare(record, record, {}, {})
    assert comparison.unchanged
    assert render.lines(comparison) == ["nothing changed"]
    assert render.document(comparison)["changed"] is False
    assert cost(comparison, State.CHANGED, State.NEW, State.REMADE).layers == 0


@given(records())
def test_a_record_compared_with_its_labels_is_unchanged(record: Record) -> None:
    kept = labels.read(labels.written(record))
    assert kept is not None
    assert compare(kept, record, {}, {}).unchanged


@given(records(), records())
def test_what_one_direction_adds_the_other_removes(one: Record, other: Record) -> None:
    """A layer that is gone as a whole is named as such, and not package by package."""
    there, back = compare(one, other, {}, {}), compare(other, one, {}, {})
    new, old = packages(other), packages(one)
    added = changed(there, Verb.ADDED)
    gone = {item for removed in back.removed for item in (removed.layer.packages or {}).items()}
    assert added == {(name, new[name]) for name in new.keys() - old.keys()}
    assert changed(back, Verb.REMOVED) <= added <= changed(back, Verb.REMOVED) | gone


@given(records(), records())
def test_facts_are_the_same_in_both_directions(one: Record, other: Record) -> None:
    there, back = compare(one, other, {}, {}), compare(other, one, {}, {})
    forward = {(fact.what, fact.before, fact.after) for fact in there.facts}
    assert forward == {(fact.what, fact.after, fact.before) for fact in back.facts}
    assert there.unchanged is back.unchanged


@given(records(), records())
def test_every_layer_has_one_counterpart_or_none(before: Record, after: Record) -> None:
    comparison = compare(before, after, {}, {})
    assert [layer.number for layer in comparison.layers] == list(range(1, len(after.layers) + 1))
    previous = [layer.previous for layer in comparison.layers if layer.previous]
    removed = [layer.number for layer in comparison.removed]
    assert sorted([*previous, *removed]) == list(range(1, len(before.layers) + 1))
    assert all((layer.state is State.NEW) == (layer.previous == 0) for layer in comparison.layers)


@given(records())
def test_a_base_that_moved_remakes_layers_and_changes_none(record: Record) -> None:
    layers = tuple(replace(layer, key=f"{layer.key}-moved") for layer in record.layers)
    base = replace(record.base, digest="sha256:moved")
    comparison = compare(record, replace(record, base=base, builder=base, layers=layers), {}, {})
    assert {layer.state for layer in comparison.layers} == {State.REMADE}


VALUE = st.text("xyz", min_size=1, max_size=8).map(lambda text: f"<{text}>")
ENV = st.dictionaries(st.sampled_from(["A", "TOKEN", "PATH"]), VALUE)


@given(ENV, ENV, VALUE, VALUE)
def test_no_value_of_a_configuration_is_in_the_lines(
    before: dict[str, str], after: dict[str, str], old: str, new: str
) -> None:
    configs = [
        {"config": {"Env": [f"{k}={v}" for k, v in env.items()], "Labels": {"l": it}, "Cmd": [it]}}
        for env, it in ((before, old), (after, new))
    ]
    names = settings(*configs)
    differing = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    assert {n.removeprefix("Env ") for n in names if n.startswith("Env ")} == differing
    assert ("Cmd" in names, "label l" in names) == (old != new, old != new)
    assert "<" not in "".join(names)
