"""Two images, and where they differ: configuration, layers, files."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from enum import Enum
from typing import TYPE_CHECKING, Any

from tools.verify.images import Entry
from tools.verify.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.verify.images import Image

#: Of a value that differs.
_LONGEST = 300


class Verdict(Enum):
    """How much of a published image came out of its rebuild."""

    SAME = "the same manifest, to the last byte"
    SAME_CONTENTS = (
        "the same configuration and the same contents of all layers; they are compressed in "
        "another way, as engines of other versions do"
    )
    DIFFERENT = "NOT what its provenance leads to"


@dataclass(frozen=True)
class LayerPair:
    """A layer of each image where they differ, counted from 0; None where one has none."""

    published: int | None
    rebuilt: int | None


def judge(published: Image, rebuilt: Image) -> Verdict:
    """Compare digests: that of the manifest, else that of the configuration.

    The configuration names the contents of all layers (OCI image spec, rootfs.diff_ids).
    """
    if published.digest == rebuilt.digest:
        return Verdict.SAME
    if published.config_digest == rebuilt.config_digest:
        return Verdict.SAME_CONTENTS
    return Verdict.DIFFERENT


def settings(published: Mapping[str, Any], rebuilt: Mapping[str, Any]) -> Iterator[str]:
    """Where two configurations differ, a line each; layers are told apart elsewhere.

    So are the labels that say what layers were made from, where layers differ.
    """
    elsewhere: tuple[str, ...] = ("rootfs",)
    if published.get("rootfs") != rebuilt.get("rootfs"):
        elsewhere += ("config.Labels.uv-frontend.",)
    for path, one, other in _leaves("", dict(published), dict(rebuilt)):
        if not path.startswith(elsewhere):
            yield f"{path}: published {_shown(one)}, rebuilt {_shown(other)}"


def _leaves(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from _leaves(f"{path}.{key}".lstrip("."), one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _leaves(f"{path}[{number}]", left, right)
    else:
        yield path, one, other


def _shown(value: Any) -> str:
    return "nothing" if value is None else printable(repr(value), _LONGEST)


def layers(published: Image, rebuilt: Image) -> Iterator[LayerPair]:
    """The layers in which two images differ, those in the same place together."""
    one, other = published.diff_ids, rebuilt.diff_ids
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        for step in range(max(end - start, other_end - other_start)):
            left, right = start + step, other_start + step
            yield LayerPair(left if left < end else None, right if right < other_end else None)


def files(published: Mapping[str, Entry], rebuilt: Mapping[str, Entry]) -> Iterator[str]:
    """In what files two layers differ, a line each."""
    for path in sorted(published.keys() | rebuilt.keys()):
        one, other = published.get(path), rebuilt.get(path)
        if one is None:
            yield f"{path}: only in the rebuilt image"
        elif other is None:
            yield f"{path}: only in the published image"
        elif one != other:
            differing = (
                f.name for f in fields(Entry) if getattr(one, f.name) != getattr(other, f.name)
            )
            yield f"{path}: {', '.join(differing)}"
