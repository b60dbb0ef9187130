"""Where two images differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tools.verify.comparison import LayerPair, Verdict, files, judge, layers, settings
from tools.verify.images import Entry, Image

FILE = Entry("0", "644", "0:0", "315532800", "", "aa", "[]")


def image(digest: str = "m", config: str = "c", layers: str = "abc", **settings: Any) -> Image:
    """An image whose layers have one letter each."""
    document = {"config": settings, "rootfs": {"diff_ids": list(layers)}}
    return Image(digest, config, document, tuple(layers))


def test_manifest_then_configuration_decides() -> None:
    assert judge(image(), image()) is Verdict.SAME
    assert judge(image(), image(digest="n")) is Verdict.SAME_CONTENTS
    assert judge(image(), image(digest="n", config="d")) is Verdict.DIFFERENT


def test_settings_are_named_one_by_one() -> None:
    one = image(User="app", Env=["A=1", "B=2"], Cmd=["a"]).config
    other = image(layers="x", Env=["A=1", "B=3"], Cmd=["a", "b"]).config
    assert list(settings(one, other)) == [
        "config.Cmd: published ['a'], rebuilt ['a', 'b']",
        "config.Env[1]: published 'B=2', rebuilt 'B=3'",
        "config.User: published 'app', rebuilt nothing",
    ]


def test_labels_of_layers_are_told_where_layers_are_the_same() -> None:
    labels = {"uv-frontend.layer.01": "{}", "team": "shop"}
    one = image(Labels=labels).config
    assert len(list(settings(one, image(Labels={}).config))) == 2
    assert list(settings(one, image(layers="x", Labels={}).config)) == [
        "config.Labels.team: published 'shop', rebuilt nothing"
    ]


def test_layers_are_paired_by_their_place() -> None:
    def differing(one: str, other: str) -> list[LayerPair]:
        return list(layers(image(layers=one), image(layers=other)))

    assert differing("abc", "abc") == []
    assert differing("abc", "axc") == [LayerPair(1, 1)]
    assert differing("abcd", "abd") == [LayerPair(2, None)]
    assert differing("ab", "axyb") == [LayerPair(None, 1), LayerPair(None, 2)]


def test_files_and_what_is_different_in_them() -> None:
    published = {"same": FILE, "edited": FILE, "mode": FILE, "gone": FILE}
    rebuilt = {
        "same": FILE,
        "edited": replace(FILE, content="bb", time="0"),
        "mode": replace(FILE, mode="755"),
        "new": FILE,
    }
    assert list(files(published, rebuilt)) == [
        "edited: time, content",
        "gone: only in the published image",
        "mode: mode",
        "new: only in the rebuilt image",
    ]
