"""Digests of a record and of its files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from frontend.explain.record import FILE, Record, Tree, folded, short_digest, with_files
from tests.unit.frontend.explain.records import HEX, PATH, records

if TYPE_CHECKING:
    from collections.abc import Mapping


@given(records(), records())
def test_digests_are_equal_where_records_are_but_for_sizes(one: Record, other: Record) -> None:
    def sized(record: Record, size: int | None) -> Record:
        layers = (
            replace(
                layer,
                size=size,
                trees={name: replace(tree, size=size) for name, tree in layer.trees.items()},
            )
            for layer in record.layers
        )
        return replace(record, layers=tuple(layers))

    assert sized(one, 7).digest == one.digest
    assert (one.digest == other.digest) is (sized(one, None) == sized(other, None))


@given(st.dictionaries(PATH, HEX), HEX)
def test_a_folder_is_the_digest_of_what_is_in_it(inside: Mapping[str, str], other: str) -> None:
    files = {f"src/{path}": digest for path, digest in inside.items()} | {"srcs.py": other}
    assert folded(files, "src/") == (short_digest(inside) if inside else "")
    assert len(short_digest(inside)) == FILE
    assert short_digest(dict(reversed(list(inside.items())))) == short_digest(inside)


@given(records())
def test_files_are_filled_in_and_versions_stay(record: Record) -> None:
    wanted = {
        (number, name): Tree("d" * 64, {"a.py": "00000000"}, "ignored", number)
        for number, layer in enumerate(record.layers)
        for name in layer.trees
    }
    filled = with_files(record, wanted)
    for number, (before, after) in enumerate(zip(record.layers, filled.layers, strict=True)):
        assert replace(after, trees={}) == replace(before, trees={})
        assert after.trees == {
            name: replace(wanted[number, name], version=tree.version)
            for name, tree in before.trees.items()
        }
