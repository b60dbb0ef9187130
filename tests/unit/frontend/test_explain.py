"""What is said of two images, from what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from frontend.explain import labels, render
from frontend.explain.compare import compare
from frontend.explain.record import Base, Record, RecordedLayer, Tree, short_digest, with_files

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD = Base("python:3.13-slim", "sha256:" + "a" * 64)
NEW = Base("python:3.13-slim", "sha256:" + "b" * 64)
SKELETON = RecordedLayer("skeleton", "k-skeleton", text="virtual environment", size=0)
BIG = RecordedLayer("big", "k-big", {"numpy": "2.4.0"}, count=1, size=16_000_000)
WEB = {"anyio": "4.12.0", "h11": "0.16.0", "httpx": "0.28.1"}
PACKAGES = RecordedLayer("packages", "k-packages", WEB, count=3, size=300_000)
CORE_FILES = {"pyproject.toml": "00000001", "src/core/__init__.py": "00000002"}
API_FILES = {
    "pyproject.toml": "00000003",
    "src/api/__init__.py": "00000004",
    "src/api/app.py": "00000005",
    "src/api/views/home.py": "00000006",
}


def member(
    name: str, files: Mapping[str, str], version: str = "1.0", size: int = 4000
) -> RecordedLayer:
    tree = Tree(short_digest(files) * 8, files, version, size)
    return RecordedLayer("member", f"k-{name}", trees={name: tree}, size=0)


CORE, API = member("core", CORE_FILES), member("api", API_FILES)
LAYERS = (SKELETON, BIG, PACKAGES, CORE, API)


def record(*layers: RecordedLayer, **changes: Any) -> Record:
    known: dict[str, Any] = {
        "package": "api",
        "target": "image",
        "platform": "linux/amd64",
        "base": OLD,
        "builder": OLD,
        "python": "3.13.5",
        "uv": "0.13.8",
        "steps": "12345678",
        "layers": layers or LAYERS,
    }
    return Record(**(known | changes))


def packages(**versions: str) -> RecordedLayer:
    """The layer of packages with some of them changed; an empty version takes one out."""
    found = {name: version for name, version in (WEB | versions).items() if version}
    return replace(PACKAGES, key="k-other", packages=found, count=len(found))


def told(after: Record, before: Record | None = None) -> list[str]:
    """The lines, the previous image known from its labels alone."""
    kept = labels.read(labels.written(before or record()))
    assert kept is not None
    return render.lines(compare(kept, after, {}, {}))


def test_nothing() -> None:
    assert told(record()) == ["nothing changed"]
    found = render.document(compare(record(), record(), {}, {}))
    assert found["changed"] is False
    assert found["push"] == {"layers": 0, "bytes": 0, "unknown": 0}


def test_a_version_and_a_file() -> None:
    edited = member("api", {**API_FILES, "src/api/app.py": "ffffffff"})
    assert told(record(SKELETON, BIG, packages(httpx="0.29.0"), CORE, edited)) == [
        "layer 3 of 5, 3 packages: httpx 0.28.1 → 0.29.0",
        "layer 5 of 5, member api: src/api/app.py",
        "to push: 2 of 5 layers, about 304 kB",
    ]


def test_packages_that_come_and_go() -> None:
    assert told(record(SKELETON, BIG, packages(h11="", sniffio="1.3.1"), CORE, API)) == [
        "layer 3 of 5, 3 packages: sniffio 1.3.1 added, h11 0.16.0 removed",
        "to push: 1 of 5 layers, about 300 kB",
    ]


def test_files_that_come_and_go() -> None:
    files = {**API_FILES, "src/api/new.py": "00000007"}
    del files["src/api/views/home.py"]
    assert told(record(*LAYERS[:4], member("api", files))) == [
        "layer 5 of 5, member api: src/api/views/home.py removed, src/api/new.py added",
        "to push: 1 of 5 layers, about 4 kB",
    ]


def test_a_version_of_a_member() -> None:
    after = member("api", {**API_FILES, "pyproject.toml": "ffffffff"}, version="1.1")
    assert told(record(*LAYERS[:4], after))[0] == (
        "layer 5 of 5, member api: api 1.0 → 1.1, pyproject.toml"
    )


def test_a_package_that_grows_big_gets_a_layer() -> None:
    alone = RecordedLayer("big", "k-anyio", {"anyio": "4.13.0"}, count=1, size=30_000_000)
    assert told(record(SKELETON, BIG, alone, packages(anyio=""), CORE, API)) == [
        "layer 3 of 6: new, anyio 4.12.0 → 4.13.0 moved here from layer 3",
        "layer 4 of 6, 2 packages: anyio 4.12.0 → 4.13.0 moved to layer 3",
        "to push: 2 of 6 layers, about 30 MB",
    ]


def test_a_layer_that_is_new_and_one_that_is_gone() -> None:
    more = member("extra", {"pyproject.toml": "0000000a"})
    assert told(record(SKELETON, PACKAGES, CORE, more, API)) == [
        "layer 4 of 5, member extra: new",
        "gone: layer 2 of 5, numpy 2.4.0",
        "to push: 1 of 5 layers, about 4 kB",
    ]


def test_the_base_moved() -> None:
    """Every step runs on the new one, and the layers mostly come out the same."""
    moved = [replace(layer, key=f"{layer.key}-on-new") for layer in LAYERS]
    assert told(record(*moved, base=NEW, builder=NEW)) == [
        "base: python:3.13-slim moved (aaaaaaaaaaaa → bbbbbbbbbbbb)",
        "layers 1, 2, 3, 4, 5 of 5: made again, with the same packages and files",
        "to push: 5 more (about 16 MB) where making them again changes them; the base's new layers",
    ]


def test_the_base_moved_and_a_file_changed() -> None:
    moved = [replace(layer, key=f"{layer.key}-on-new") for layer in LAYERS[:4]]
    edited = member("api", {**API_FILES, "src/api/app.py": "ffffffff"})
    assert told(record(*moved, edited, base=NEW, builder=NEW)) == [
        "base: python:3.13-slim moved (aaaaaaaaaaaa → bbbbbbbbbbbb)",
        "layer 5 of 5, member api: src/api/app.py",
        "layers 1, 2, 3, 4 of 5: made again, with the same packages and files",
        "to push: 1 of 5 layers, about 4 kB; 4 more (about 16 MB) where making them again changes "
        "them; the base's new layers",
    ]


def test_another_base_and_builder() -> None:
    debian, tools = Base("debian:13", "sha256:" + "c" * 64), Base("gcc:15", "sha256:" + "d" * 64)
    assert told(record(base=debian, builder=tools))[:2] == [
        "base: python:3.13-slim → debian:13 (aaaaaaaaaaaa → cccccccccccc)",
        "builder: python:3.13-slim → gcc:15 (aaaaaaaaaaaa → dddddddddddd)",
    ]
    same = Base("registry.example/python:3.13-slim", OLD.digest)
    assert told(record(base=same, builder=same))[0] == (
        "base: python:3.13-slim → registry.example/python:3.13-slim"
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"python": "3.14.0"}, "Python: 3.13.5 → 3.14.0"),
        ({"uv": "0.14.0"}, "uv: 0.13.8 → 0.14.0"),
        ({"steps": "87654321"}, "built by another version of uv-frontend, whose steps are others"),
    ],
)
def test_what_every_step_depends_on(changes: dict[str, str], line: str) -> None:
    made = [replace(layer, key=f"{layer.key}-anew") for layer in LAYERS]
    found = told(record(*made, **changes))
    assert found[0] == line
    assert found[1] == "layers 1, 2, 3, 4, 5 of 5: made again, with the same packages and files"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"package": "worker"}, "package: api → worker"),
        ({"target": "deps"}, "target: image → deps"),
        ({"platform": "linux/arm64"}, "platform: linux/amd64 → linux/arm64"),
        ({"extras": ("pdf", "sql")}, "extras: none → pdf, sql"),
        ({"groups": ("plots",)}, "groups: none → plots"),
    ],
)
def test_what_was_asked_for(changes: dict[str, Any], line: str) -> None:
    assert told(record(**changes)) == [line, "to push: only the configuration"]


def test_a_setting_that_no_label_has() -> None:
    """Such as `trim`: the key says that something changed, and nothing else did."""
    trimmed = replace(PACKAGES, key="k-trimmed")
    assert told(record(SKELETON, BIG, trimmed, CORE, API)) == [
        "layer 3 of 5, 3 packages: files of the lock, or settings",
        "to push: 1 of 5 layers, about 300 kB",
    ]


def test_system_packages() -> None:
    before = RecordedLayer("base", "k-apt", text="apt: libpq5", size=0)
    after = replace(before, key="k-more", text="apt: curl, libpq5")
    assert told(record(after, *LAYERS), record(before, *LAYERS)) == [
        "layer 1 of 6, apt: curl, libpq5: before apt: libpq5",
        "to push: 1 of 6 layers, of unknown size",
    ]


def test_another_order() -> None:
    assert told(record(SKELETON, PACKAGES, BIG, CORE, API)) == [
        "layers lie in another order",
        "to push: only the configuration",
    ]


def test_sizes_that_the_lock_does_not_have() -> None:
    unknown = replace(packages(httpx="0.29.0"), size=None)
    edited = member("api", {**API_FILES, "src/api/app.py": "ffffffff"})
    assert told(record(SKELETON, BIG, unknown, CORE, API))[-1] == (
        "to push: 1 of 5 layers, of unknown size"
    )
    assert told(record(SKELETON, BIG, unknown, CORE, edited))[-1] == (
        "to push: 2 of 5 layers, about 4 kB, and 1 of unknown size"
    )


def test_many_changes_are_cut() -> None:
    many = {f"package-{number:02}": "1.0" for number in range(20)}
    newer = dict.fromkeys(many, "2.0")
    before = RecordedLayer("packages", "k-1", many, count=20, size=0)
    (line, _) = told(record(replace(before, key="k-2", packages=newer)), record(before))
    assert line.startswith("layer 1 of 1, 20 packages: package-00 1.0 → 2.0, ")
    assert line.endswith("package-11 1.0 → 2.0, and 8 more")


# --- what the labels had no room for -------------------------------------------------------------


def large(edited: str = "") -> RecordedLayer:
    """A member with more files than a label can have."""
    files = {f"src/api/views/view_{number:03}.py": f"{number:08x}" for number in range(300)}
    files |= {"src/api/app.py": "00000005"}
    return member("api", {**files, edited: "ffffffff"} if edited else files)


def test_a_folder_that_is_told_as_one() -> None:
    assert told(record(large("src/api/views/view_007.py")), record(large())) == [
        "layer 1 of 1, member api: src/api/views/",
        "to push: 1 of 1 layers, about 4 kB",
    ]
    assert told(record(large("src/api/app.py")), record(large()))[0] == (
        "layer 1 of 1, member api: src/api/app.py"
    )
    # A new file belongs to the folder.
    assert told(record(large("src/api/views/new.py")), record(large()))[0] == (
        "layer 1 of 1, member api: src/api/views/"
    )


def test_files_that_are_not_told() -> None:
    flat = {f"module_{number:03}.py": f"{number:08x}" for number in range(300)}
    before, after = member("api", flat), member("api", {**flat, "module_001.py": "ffffffff"})
    assert told(record(after), record(before))[0] == ("layer 1 of 1, member api: files changed")


def test_packages_that_are_only_counted() -> None:
    many = {f"package-{number:04}": "1.0.0" for number in range(400)}
    before = RecordedLayer("heavy", "k-1", many, count=400, size=0)
    after = replace(before, key="k-2", packages={**many, "package-0007": "2.0.0"})
    assert told(record(after, API), record(before, API))[0] == (
        "layer 1 of 2, 400 packages: other packages, files of the lock, or settings"
    )
    # Those of other layers are not taken for new: they may have been among these.
    assert told(record(after, PACKAGES, API), record(before, API))[1] == (
        "layer 2 of 3, 3 packages: new"
    )


# --- the configuration ---------------------------------------------------------------------------


def test_the_configuration_is_told_by_names_alone() -> None:
    old = {
        "created": "2026-01-01T00:00:00Z",
        "config": {
            "Env": ["PATH=/bin", "TOKEN=s3cret", "GONE=1"],
            "Labels": {"team": "shop", "uv-frontend.plan": "sha256:1"},
            "User": "",
        },
    }
    new = {
        "created": "2026-01-02T00:00:00Z",
        "config": {
            "Env": ["PATH=/bin", "TOKEN=0ther"],
            "Labels": {"team": "core", "uv-frontend.plan": "sha256:2"},
            "Cmd": ["python"],
        },
    }
    found = render.lines(compare(record(), record(), old, new))
    assert found == [
        "configuration: Cmd, Env GONE, Env TOKEN, label team, time of creation",
        "to push: only the configuration",
    ]
    assert render.lines(compare(record(), record(), {"config": None}, {})) == ["nothing changed"]


def test_the_time_of_a_base_moves_with_it() -> None:
    found = compare(
        record(), record(base=NEW, builder=NEW), {"created": "2026-01"}, {"created": "2026-02"}
    )
    assert found.settings == ()


# --- for programs --------------------------------------------------------------------------------


def test_the_document() -> None:
    edited = member("api", {**API_FILES, "src/api/app.py": "ffffffff"})
    after = record(SKELETON, BIG, packages(httpx="0.29.0"), CORE, edited)
    found = render.document(compare(record(), after, {}, {}))
    assert [layer["state"] for layer in found["layers"]] == [
        *("same", "same", "changed", "same", "changed"),
    ]
    assert found["layers"][2] == {
        "number": 3,
        "previous": 3,
        "kind": "packages",
        "contents": "3 packages",
        "state": "changed",
        "packages": [{"name": "httpx", "change": "changed", "before": "0.28.1", "after": "0.29.0"}],
        "files": [],
    }
    assert found["layers"][4]["files"] == [
        {"package": "api", "path": "src/api/app.py", "change": "changed"}
    ]
    assert found["push"] == {"layers": 2, "bytes": 304_000, "unknown": 0}
    assert found["perhaps"] == {"layers": 0, "bytes": 0, "unknown": 0}


def test_trees_are_filled_in_by_number_and_name() -> None:
    empty = replace(API, trees={"api": Tree("", None, "1.0")})
    found = with_files(record(SKELETON, empty), {(1, "api"): Tree("d", {"a.py": "1"}, size=3)})
    assert found.layers == (
        SKELETON,
        replace(API, trees={"api": Tree("d", {"a.py": "1"}, "1.0", 3)}),
    )
