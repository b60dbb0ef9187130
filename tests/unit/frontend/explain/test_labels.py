"""Labels that are written are read back equal, as far as labels keep a record."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from frontend.emit.image_config import ImageConfig
from frontend.explain import labels
from frontend.explain.record import FILE, Record
from tests.unit.frontend.builds import AMD64
from tests.unit.frontend.explain.records import records


def kept(record: Record) -> Record:
    """Return what labels keep of a record that they have room for: no sizes, short digests."""
    layers = (
        replace(
            layer,
            size=None,
            trees={
                name: replace(tree, digest=tree.digest[: 2 * FILE], size=None)
                for name, tree in layer.trees.items()
            },
        )
        for layer in record.layers
    )
    return replace(record, layers=tuple(layers))


@given(records())
def test_what_is_written_is_read_back(record: Record) -> None:
    written = labels.written(record)
    read = labels.read(written)
    assert read == kept(record)
    assert read is not None
    # What was read is written as it was, but for the digest of the whole record.
    again = labels.written(read)
    assert {**again, labels.PLAN: ""} == {**written, labels.PLAN: ""}


@given(records(), st.dictionaries(st.sampled_from(["team", labels.PLAN]), st.text("ab")))
def test_labels_of_the_user_stay_in_a_configuration(record: Record, own: dict[str, str]) -> None:
    config = ImageConfig(AMD64, user="app", labels=own)
    attached = labels.attached(config, record)
    assert attached.labels == {**labels.written(record), **own}
    assert replace(attached, labels=own) == config


@given(st.dictionaries(st.sampled_from([labels.IMAGE, f"{labels.LAYER}01"]), st.text()))
def test_labels_of_others_are_none_or_unreadable(found: dict[str, str]) -> None:
    try:
        read = labels.read(found)
    except labels.UnreadableLabelsError:
        assert labels.IMAGE in found
    else:
        assert read is None
        assert labels.IMAGE not in found
