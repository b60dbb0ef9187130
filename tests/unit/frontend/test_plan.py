"""Which package goes into which layer, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.model.layers import (
    FileCopy,
    FilesLayer,
    Kind,
    Layer,
    MembersLayer,
    PackagesLayer,
    Plan,
    VenvLayer,
    size_suffix,
)
from frontend.model.packages import Closure, LocalPackage, LockedPackage
from frontend.plan.partition import (
    BIG,
    BUCKET,
    MIDDLING,
    MIDDLING_BUCKET,
    LayerPolicy,
    buckets,
    copies,
    is_big,
    make,
    text,
)
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    import random

API = LocalPackage("api", "apps/api", "editable", "1.0")
CORE = LocalPackage("core", "libs/core", "editable")
ZLIB = LocalPackage("zlib", "libs/zlib", "directory")
WEB = LocalPackage("web", "apps/web", "virtual")


def locked(
    name: str, version: str = "1", size: int = 1000, *, built: bool = False
) -> LockedPackage:
    return LockedPackage(name, version, {"source": {"registry": "x"}}, size, built)


def plan(
    *packages: LockedPackage,
    local: tuple[LocalPackage, ...] = (API,),
    package: LocalPackage = API,
    shape: LayerPolicy | None = None,
    files: tuple[FileCopy, ...] = (),
) -> Plan:
    return make(Closure(packages, local), target(), package, shape=shape, files=files)


def test_several_packages_lie_above_the_members_that_they_need() -> None:
    local = (API, CORE, ZLIB)
    found = make(Closure((), local), target(), CORE, others=(API,))
    assert [member.name for layer in found.layers for member in layer.members] == [
        "zlib",
        "api",
        "core",
    ]
    assert text(found, ("core", "api")).startswith("core, api: Python ")


def test_among_several_packages_what_is_not_built_keeps_its_place() -> None:
    site = LocalPackage("site", "apps/site", "virtual")
    found = make(Closure((), (API,)), target(), API, others=(WEB, site), workdir="/srv")
    assert [copy for layer in found.layers for copy in layer.copies] == [
        FileCopy("apps/web", "/srv/apps/web"),
        FileCopy("apps/site", "/srv/apps/site"),
    ]
    alone = make(Closure((), (API,)), target(), WEB, workdir="/srv")
    assert alone.layers[-1].copies == (FileCopy("apps/web", "/srv"),)


def shown(found: Plan) -> list[str]:
    """A line a layer: what it is and what it holds."""
    return [
        " ".join([layer.kind, *(p.name for p in layer.packages), *(m.name for m in layer.members)])
        for layer in found.layers
    ]


# --- order ---------------------------------------------------------------------------------------


def test_a_whole_image() -> None:
    """The text that people review; what seldom changes and weighs most lies lowest."""
    found = make(
        Closure(
            (
                locked("anyio", "4.1", 95_000),
                locked("certifi", "2026.1", 160_400),
                locked("idna", "3.20", 70_000),
                locked("legacy", "0.9", 12_345, built=True),
                locked("numpy", "2.5", 18_000_000),
                locked("nvidia-cublas", "13", 640_000_000),
                locked("nvidia-nccl", "2", 180_000_000),
                locked("pyarrow", "20", 42_000_000),
                locked("tiny", "1", 200),
                locked("torch", "2.9", 858_000_000),
            ),
            (API, CORE, ZLIB),
        ),
        target("3.13.1", "aarch64"),
        API,
        shape=LayerPolicy(heavy=(("torch", "NVIDIA_*"), ("nothing",))),
        files=copies({"conf/*.yaml": "", "alembic.ini": "/etc/api/"}, "/app"),
    )
    assert text(found, ("api",)) == (
        "api: Python 3.13.1, aarch64, glibc 2.41\n"
        "  1. skeleton  virtual environment\n"
        "  2. heavy     3 packages: nvidia-cublas, nvidia-nccl, torch (1678 MB)\n"
        "       nvidia-cublas 13 (640 MB)\n"
        "       nvidia-nccl 2 (180 MB)\n"
        "       torch 2.9 (858 MB)\n"
        "  3. big       pyarrow 20 (42 MB)\n"
        "  4. built     legacy 0.9 (12 kB)\n"
        "  5. packages  numpy 2.5 (18 MB)\n"
        "  6. packages  4 packages: anyio … tiny (326 kB)\n"
        "       anyio 4.1 (95 kB)\n"
        "       certifi 2026.1 (160 kB)\n"
        "       idna 3.20 (70 kB)\n"
        "       tiny 1 (1 kB)\n"
        "  7. member    member: core\n"
        "       libs/core\n"
        "  8. member    member: zlib\n"
        "       libs/zlib\n"
        "  9. member    member: api\n"
        "       apps/api\n"
        " 10. files     files: conf/*.yaml, alembic.ini\n"
        "       conf/*.yaml -> /app/conf/\n"
        "       alembic.ini -> /etc/api/\n"
    )


def test_a_virtual_package_is_copied_above_what_it_needs() -> None:
    found = plan(locked("idna"), local=(CORE, API), package=WEB)
    assert shown(found) == ["skeleton", "packages idna", "member api", "member core", "source web"]
    assert found.layers[-1].copies == (FileCopy("apps/web", "/app"),)


def test_nothing_to_install() -> None:
    assert shown(plan(local=(), package=WEB)) == ["skeleton", "source web"]


def test_the_biggest_lies_lowest() -> None:
    found = plan(
        locked("a", size=30_000_000),
        locked("b", size=90_000_000),
        locked("c", size=30_000_000),
        locked("d", built=True),
    )
    assert shown(found)[1:-1] == ["big b", "big a", "big c", "built d"]


# --- heavy sets ----------------------------------------------------------------------------------


def test_a_package_belongs_to_the_first_set_that_names_it() -> None:
    shape = LayerPolicy(heavy=(("torch",), ("*",), ("numpy",)))
    found = plan(locked("torch"), locked("numpy"), locked("idna"), shape=shape)
    assert shown(found) == ["skeleton", "heavy torch", "heavy idna numpy", "member api"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("scikit-learn", True),
        ("Scikit_Learn", True),
        ("scikit.*", True),
        ("scikit-lear?", True),
        ("[a-s]cikit-learn", True),
        ("scikit", False),
        ("*-learn-x", False),
    ],
)
def test_patterns_name_packages_in_any_spelling(pattern: str, expected: bool) -> None:
    found = plan(locked("scikit-learn"), shape=LayerPolicy(heavy=((pattern,),)))
    assert (found.layers[1].kind is Kind.HEAVY) is expected


def test_more_heavy_sets_than_layers_share_the_last() -> None:
    names = [f"p{n:03}" for n in range(200)]
    shape = LayerPolicy(heavy=tuple((name,) for name in names), layers=60)
    found = plan(*map(locked, names), shape=shape)
    assert len(found.layers) <= 60
    heavy = [layer for layer in found.layers if layer.kind is Kind.HEAVY]
    assert [p.name for layer in heavy for p in layer.packages] == names


# --- sizes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (locked("anything", size=BIG), True),
        (locked("anything", size=BIG - 1), False),
        (locked("torch", size=BIG - 1), False),
        (locked("torch", size=0), True),
        (locked("nvidia-cudnn-cu12", size=0), True),
        (locked("torch-geometric", size=0), False),
    ],
)
def test_big_by_size_or_by_name_where_the_lock_has_none(
    package: LockedPackage, expected: bool
) -> None:
    assert is_big(package, BIG) is expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, ""),
        (1, " (1 kB)"),
        (1499, " (1 kB)"),
        (12_600, " (13 kB)"),
        (1_000_000, " (1 MB)"),
        (858_000_000, " (858 MB)"),
    ],
)
def test_sizes_for_people(size: int, expected: str) -> None:
    assert size_suffix(size) == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (VenvLayer(), "virtual environment"),
        (PackagesLayer(Kind.BIG, (locked("torch", "2.9", 30_000_000),)), "torch 2.9 (30 MB)"),
        (PackagesLayer(Kind.PACKAGES, (locked("a"), locked("b"))), "2 packages: a, b (2 kB)"),
        (PackagesLayer(Kind.PACKAGES, (locked("a"), locked("b", size=0))), "2 packages: a, b"),
        (
            PackagesLayer(Kind.PACKAGES, (locked("a"), locked("b")), over=2_000_000),
            "2 packages over 2 MB: a, b (2 kB)",
        ),
        (MembersLayer((API,)), "member: api"),
        (FilesLayer((), Kind.SOURCE, (WEB,)), "source: web"),
        (FilesLayer((FileCopy("a", "/a"), FileCopy("b", "/b"))), "files: a, b"),
    ],
)
def test_titles(layer: Layer, expected: str) -> None:
    assert layer.title == expected


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "place", "expected"),
    [
        ("alembic.ini", "", FileCopy("alembic.ini", "/srv/alembic.ini")),
        ("/conf/", "", FileCopy("conf", "/srv/conf")),
        ("conf/app.yaml", "", FileCopy("conf/app.yaml", "/srv/conf/app.yaml")),
        ("conf/app.yaml", "app.yaml", FileCopy("conf/app.yaml", "/srv/app.yaml")),
        ("conf", "/etc/app", FileCopy("conf", "/etc/app")),
        ("conf", "/etc/", FileCopy("conf", "/etc/")),
        ("*.txt", "", FileCopy("*.txt", "/srv/")),
        ("a/b/*.txt", "", FileCopy("a/b/*.txt", "/srv/a/b/")),
        ("a/b*/c.txt", "", FileCopy("a/b*/c.txt", "/srv/a/")),
        ("*.txt", "texts", FileCopy("*.txt", "/srv/texts/")),
        ("*.txt", "/etc/texts", FileCopy("*.txt", "/etc/texts/")),
        (".", "", FileCopy(".", "/srv/.")),
    ],
)
def test_places_of_files(path: str, place: str, expected: FileCopy) -> None:
    assert copies({path: place}, "/srv") == (expected,)


# --- properties ----------------------------------------------------------------------------------

NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=3)
PACKAGES = st.dictionaries(
    NAMES,
    st.tuples(st.sampled_from([0, 1000, BIG - 1, BIG, 10 * BIG]), st.booleans()),
    max_size=60,
).map(lambda found: tuple(locked(name, "1", size, built=b) for name, (size, b) in found.items()))
SHAPES = st.builds(
    LayerPolicy,
    heavy=st.lists(st.lists(st.sampled_from("abcdef").map("{}*".format)).map(tuple)).map(tuple),
    big=st.sampled_from([0, BIG]),
    layers=st.integers(6, 70),
)
LOCALS = st.lists(
    NAMES.map(lambda name: LocalPackage(f"x-{name}", name, "editable")),
    unique_by=lambda local: local.name,
    max_size=12,
).map(tuple)


@given(PACKAGES, SHAPES, LOCALS, st.randoms(use_true_random=False))
def test_every_package_is_in_one_layer_and_the_order_given_does_not_matter(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    local: tuple[LocalPackage, ...],
    chance: random.Random,
) -> None:
    found = plan(*packages, local=(API, *local), shape=shape)
    placed = [package for layer in found.layers for package in layer.packages]
    assert sorted(placed, key=lambda p: p.name) == sorted(packages, key=lambda p: p.name)
    members = [member for layer in found.layers for member in layer.members]
    assert sorted(members, key=lambda p: p.name) == sorted([API, *local], key=lambda p: p.name)
    assert members[-1] == API
    assert len(found.layers) <= shape.layers
    assert found.layers[0].kind is Kind.VENV

    mixed, others = list(packages), [API, *local]
    chance.shuffle(mixed)
    chance.shuffle(others)
    assert plan(*mixed, local=tuple(others), shape=shape) == found


@given(st.sets(NAMES, min_size=1, max_size=80), st.data())
def test_a_package_that_comes_or_goes_changes_its_own_bucket_only(
    names: set[str], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(names)))
    more = {tuple(p.name for p in b) for b in buckets([locked(n) for n in names], 100)}
    fewer = {tuple(p.name for p in b) for b in buckets([locked(n) for n in names - {gone}], 100)}
    assert len(more - fewer) <= 2
    assert len(fewer - more) <= 1
    assert any(gone in bucket for bucket in more - fewer)


@given(st.sets(NAMES, max_size=80), st.integers(1, 12))
def test_buckets_hold_everything_in_order_and_are_no_more_than_asked_for(
    names: set[str], most: int
) -> None:
    found = buckets([locked(name) for name in names], most)
    assert [p.name for bucket in found for p in bucket] == sorted(names)
    assert len(found) <= most
    assert all(found)


@pytest.mark.parametrize("size", [MIDDLING_BUCKET, BUCKET])
def test_buckets_have_their_size_on_average(size: int) -> None:
    names = [f"package-{n}" for n in range(5000)]
    found = buckets([locked(name) for name in names], 10_000, size)
    assert size * 0.8 < 5000 / len(found) < size * 1.25


def test_middling_packages_lie_apart_below_small_ones() -> None:
    edge = int(BIG * MIDDLING)
    small, middling = locked("b", size=edge), locked("a", size=edge + 1)
    assert shown(plan(small, middling, locked("c", size=0)))[1:-1] == [
        "packages a",
        "packages b c",
    ]
    # Unless there is room for one layer only.
    shape = LayerPolicy(layers=3)
    assert shown(plan(small, middling, shape=shape))[1:-1] == ["packages a b"]


def test_a_new_version_changes_one_layer() -> None:
    packages = [locked(f"p{n}") for n in range(50)]
    before = plan(*packages)
    after = plan(*[locked("p7", "2"), *(p for p in packages if p.name != "p7")])
    changed = [new for old, new in zip(before.layers, after.layers, strict=True) if old != new]
    assert len(changed) == 1
    assert "p7" in [p.name for p in changed[0].packages]
