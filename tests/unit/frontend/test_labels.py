"""What an image was made from, as labels: small, settled, and read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontend.emit.image_config import ImageConfig
from frontend.explain import labels
from frontend.explain.labels import ALL, IMAGE, LAYER, LONGEST, PLAN, UnreadableLabelsError
from frontend.explain.record import Base, Record, RecordedLayer, Tree, folded
from llb import Platform

AMD64 = Platform("linux", "amd64")
PYTHON = Base("python:3.13-slim", "sha256:" + "b" * 64)
SKELETON = RecordedLayer("skeleton", "000000000001", text="virtual environment")
PACKAGES = RecordedLayer("packages", "000000000002", {"h11": "0.16.0", "httpx": "0.28.1"}, count=2)
FILES = {"pyproject.toml": "00000001", "src/api/__init__.py": "00000002"}
API = RecordedLayer(
    "member", "000000000003", trees={"api": Tree("d" * 64, FILES, "1.0", size=4711)}
)


def record(*layers: RecordedLayer) -> Record:
    return Record(
        package="api",
        target="image",
        platform="linux/amd64",
        base=PYTHON,
        builder=PYTHON,
        python="3.13.5",
        uv="0.13.8",
        steps="12345678",
        layers=layers or (SKELETON, PACKAGES, API),
    )


def service(files: int) -> RecordedLayer:
    """A member with so many files in three folders of different depth."""
    folders = ("src/api", "src/api/deep", "src/api/deep/deeper")
    paths = {f"{folders[n % 3]}/module_{n:04}.py": f"{n:08x}" for n in range(files)}
    return RecordedLayer("member", "00000000000a", trees={"api": Tree("e" * 64, paths)})


def size(found: dict[str, str]) -> int:
    return sum(len(name) + len(text) for name, text in found.items())


def test_the_labels_of_an_image() -> None:
    """Their form is in docs/explain.md: what reads them is not only ours."""
    assert labels.written(record()) == {
        PLAN: record().digest,
        IMAGE: '{"version":1,"package":"api","target":"image","platform":"linux/amd64",'
        f'"base":["python:3.13-slim","{PYTHON.digest}"],"python":"3.13.5","uv":"0.13.8",'
        '"steps":"12345678","layers":3}',
        f"{LAYER}01": '{"kind":"skeleton","key":"000000000001","text":"virtual environment"}',
        f"{LAYER}02": '{"kind":"packages","key":"000000000002",'
        '"packages":{"h11":"0.16.0","httpx":"0.28.1"}}',
        f"{LAYER}03": '{"kind":"member","key":"000000000003","files":{"api":'
        '{"digest":"dddddddddddddddd","version":"1.0","paths":'
        '{"pyproject.toml":"00000001","src/api/__init__.py":"00000002"}}}}',
    }


def test_a_record_comes_back() -> None:
    told = replace(
        record(), builder=Base("python:3.13", "sha256:c"), extras=("pdf",), groups=("plots",)
    )
    found = labels.read(labels.written(told))
    assert found is not None
    short = replace(API.trees["api"], digest="d" * 16, size=None)
    layers = (
        replace(SKELETON, size=None),
        replace(PACKAGES, size=None),
        replace(API, trees={"api": short}),
    )
    assert found == replace(told, layers=layers)


def test_the_digest_is_that_of_all_but_sizes() -> None:
    told = record()
    assert told.digest.startswith("sha256:")
    assert len(told.digest) == 71
    same = replace(PACKAGES, size=100)
    assert record(SKELETON, same, API).digest == told.digest
    edited = replace(API, trees={"api": replace(API.trees["api"], digest="f" * 64)})
    assert record(SKELETON, PACKAGES, edited).digest != told.digest
    assert replace(told, base=replace(PYTHON, digest="sha256:c")).digest != told.digest


def test_the_users_own_labels_win() -> None:
    config = ImageConfig(AMD64, labels={PLAN: "mine", "team": "shop"})
    assert labels.attached(config, record()).labels == {
        **labels.written(record()),
        PLAN: "mine",
        "team": "shop",
    }


def test_labels_change_nothing_else_of_a_configuration() -> None:
    config = ImageConfig(AMD64, "2026-01-02T03:04:05Z", {"A": "1"}, inherited={"User": None})
    changed = labels.attached(config, record())
    assert changed.labels == labels.written(record())
    assert replace(changed, labels={}) == config


# --- what is too long ----------------------------------------------------------------------------


def paths(layer: RecordedLayer) -> dict[str, str]:
    found = labels.read(labels.written(record(layer)))
    assert found is not None
    return dict(found.layers[0].trees["api"].files or {})


def test_files_are_told_one_by_one_as_long_as_they_fit() -> None:
    layer = service(80)
    assert paths(layer) == layer.trees["api"].files


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        (100, {"src/api/deep/deeper/"}),
        (200, {"src/api/deep/"}),
        (600, {"src/api/"}),
        (9000, {"src/api/"}),
    ],
)
def test_the_deepest_folders_are_told_as_one(files: int, folders: set[str]) -> None:
    layer = service(files)
    whole = layer.trees["api"].files
    assert whole is not None
    found = paths(layer)
    assert {path for path in found if path.endswith("/")} == folders
    for path, digest in found.items():
        assert digest == (whole.get(path) or folded(whole, path))
    # Each file is told, by itself or in a folder, and none twice.
    for path in whole:
        assert sum(path == told or path.startswith(told) for told in found) == 1
    text = labels.written(record(layer))[f"{LAYER}01"]
    assert len(text) + len(f"{LAYER}01") <= LONGEST


def test_too_many_names_in_one_folder_are_not_told() -> None:
    files = {f"module_{number:04}.py": f"{number:08x}" for number in range(200)}
    found = labels.read(
        labels.written(
            record(RecordedLayer("source", "b" * 12, trees={"api": Tree("f" * 64, files)}))
        )
    )
    assert found is not None
    assert found.layers[0].trees == {"api": Tree("f" * 16, None)}


def test_too_many_packages_are_counted() -> None:
    many = {f"package-{number:04}": f"{number}.0.0" for number in range(400)}
    found = labels.read(labels.written(record(RecordedLayer("heavy", "c" * 12, many, count=400))))
    assert found is not None
    assert (found.layers[0].packages, found.layers[0].count) == (None, 400)


def test_all_together_have_a_limit() -> None:
    """Where all layers are long, all are cut; and they are all there."""
    found = labels.written(record(*[service(90)] * 12))
    assert size(found) <= ALL
    assert all(len(text) + len(name) <= LONGEST for name, text in found.items())
    assert len(found) == 14
    assert labels.read(found) is not None


def test_a_hundred_layers() -> None:
    found = labels.written(record(*[PACKAGES] * 120))
    told = labels.read(found)
    assert told is not None
    assert len(told.layers) == 120


# --- labels of others ----------------------------------------------------------------------------


def test_an_image_of_somebody_else_has_no_record() -> None:
    assert labels.read({"org.opencontainers.image.title": "api"}) is None


def test_labels_of_another_version_are_named_by_it() -> None:
    found = labels.written(record())
    found[IMAGE] = found[IMAGE].replace('"version":1', '"version":2')
    with pytest.raises(UnreadableLabelsError) as caught:
        labels.read(found)
    assert caught.value.version == 2


@pytest.mark.parametrize(
    "broken",
    [
        {IMAGE: "no JSON"},
        {IMAGE: "[]"},
        {IMAGE: '"text"'},
        {IMAGE: "{}"},
        {f"{LAYER}02": "{}"},
        {f"{LAYER}02": '{"kind":"packages","key":"k","packages":[1]}'},
        {f"{LAYER}03": '{"kind":"member","key":"k","files":["api"]}'},
        {f"{LAYER}03": '{"kind":"member","key":"k","files":{"api":null}}'},
    ],
)
def test_labels_that_were_overwritten(broken: dict[str, str]) -> None:
    with pytest.raises(UnreadableLabelsError) as caught:
        labels.read({**labels.written(record()), **broken})
    assert caught.value.version is None


def test_a_label_that_is_missing() -> None:
    found = labels.written(record())
    del found[f"{LAYER}02"]
    with pytest.raises(UnreadableLabelsError):
        labels.read(found)
