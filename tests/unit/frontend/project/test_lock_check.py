"""Requirements of manifests against what the lock has of them, whatever way they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from frontend.errors import FrontendError, SourceFile
from frontend.findings import STALE_LOCK
from frontend.project.lock import Lock
from frontend.project.lock_check import LockMismatch, compare, stale
from tests.unit.frontend.locks import HEAD, package
from tests.unit.frontend.workspaces import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAMES = st.sampled_from(["alpha", "Beta", "gamma_x", "delta.y"])
SPECIFIERS = st.lists(
    st.sampled_from([">=1", "<3", "!=2.1", "~=1.2", "==2.*"]), max_size=3, unique=True
)
EXTRAS = st.lists(st.sampled_from(["fast", "Slow", "big_one"]), max_size=2, unique=True)
REQUIREMENTS = st.lists(
    st.tuples(NAMES, EXTRAS, SPECIFIERS),
    max_size=4,
    unique_by=lambda wish: canonicalize_name(wish[0]),
)
Wish = tuple[str, list[str], list[str]]


def written(wish: Wish, order: Iterable[str], blank: str) -> str:
    """A requirement as somebody may write it."""
    name, extras, _ = wish
    chosen = f"[{f',{blank}'.join(extras)}]" if extras else ""
    return f"{name}{chosen}{blank}{f',{blank}'.join(order)}"


def lock_of(wishes: Sequence[Wish], group: Sequence[Wish] = ()) -> Lock:
    def entries(listed: Sequence[Wish]) -> str:
        items = []
        for name, extras, specifiers in listed:
            item = f'name = "{canonicalize_name(name)}"'
            if extras:
                item += f", extras = {sorted(map(canonicalize_name, extras))}"
            if specifiers:
                item += ', specifier = "' + str(SpecifierSet(",".join(specifiers))) + '"'
            items.append(f"{{ {item} }}")
        return f"[{', '.join(items)}]"

    text = HEAD + package(
        "api",
        'virtual = "."',
        "1",
        "[package.metadata]",
        f"requires-dist = {entries(wishes)}",
        "[package.metadata.requires-dev]",
        f"dev = {entries(group)}",
    )
    return Lock.parse(SourceFile("uv.lock", text))


def manifest(wishes: Iterable[str], group: Iterable[str] = (), version: str = "1") -> str:
    return (
        f'[project]\nname = "api"\nversion = "{version}"\ndependencies = {list(wishes)}\n'
        f"[dependency-groups]\ndev = {list(group)}\n"
    )


def mismatches(lock: Lock, text: str) -> list[LockMismatch]:
    return list(compare(lock, lock.members["api"], document(text), ["dev"]))


@given(REQUIREMENTS, REQUIREMENTS, st.data())
def test_the_order_and_the_form_of_requirements_mean_nothing(
    wishes: list[Wish], group: list[Wish], data: st.DataObject
) -> None:
    lock = lock_of(wishes, group)
    blank = data.draw(st.sampled_from(["", " "]))

    def shuffled(listed: list[Wish]) -> list[str]:
        order = data.draw(st.permutations(listed))
        lines = [written(w, data.draw(st.permutations(w[2])), blank) for w in order]
        # Whoever writes a requirement twice asks for no more.
        return lines + lines[: data.draw(st.integers(0, len(lines)))]

    assert mismatches(lock, manifest(shuffled(wishes), shuffled(group))) == []


@given(REQUIREMENTS.filter(bool), st.data())
def test_what_is_missing_on_one_side_is_named(wishes: list[Wish], data: st.DataObject) -> None:
    missing = data.draw(st.sampled_from(wishes))
    others = [wish for wish in wishes if wish is not missing]
    texts = {wish[0]: written(wish, wish[2], "") for wish in wishes}
    name = canonicalize_name(missing[0])

    (added,) = mismatches(lock_of(others), manifest(texts.values()))
    assert added.message.startswith(f"'api' asks for {name}")
    assert added.message.endswith("and the lock does not have that")
    assert added.place.start == 4

    (removed,) = mismatches(lock_of(wishes), manifest(texts[wish[0]] for wish in others))
    assert removed.message.startswith(f"the lock has {name}")
    assert removed.message.endswith("for 'api', which no longer asks for it")


def test_a_mismatch_that_harms_nothing_is_a_finding() -> None:
    (mismatch,) = mismatches(lock_of([]), manifest([], version="2"))
    assert mismatch.harmless
    finding = stale(mismatch)
    assert finding.rule is STALE_LOCK
    assert finding.text == (
        "uv.lock is out of date: package 'api' is at 2, and the lock has it at 1"
    )
    assert finding.places == (mismatch.place,)


def test_a_specifier_that_is_none_in_the_lock() -> None:
    text = HEAD + package(
        "api",
        'virtual = "."',
        "1",
        '[package.metadata]\nrequires-dist = [{ name = "x", specifier = "one" }]',
    )
    lock = Lock.parse(SourceFile("uv.lock", text))
    with pytest.raises(FrontendError, match=r"^uv\.lock is damaged: package 'api' has a") as raised:
        mismatches(lock, manifest(["x"]))
    assert raised.value.places == (lock.place("api"),)
