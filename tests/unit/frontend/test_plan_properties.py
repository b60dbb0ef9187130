"""What holds for every plan, whatever the lock; layers are compared by what is installed from.

A change of one package gives at most these new layers:

- another version of the same size: one
- a package that comes: one, or two where it begins a bucket
- a package that goes: one
- a package that becomes small, middling or big: two, or three where it begins a bucket

Where the limit of layers is reached, a layer that comes displaces another one, and one that goes
makes room for another: one new layer more, or two where a package goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import assume, event, given
from hypothesis import strategies as st

from frontend.emit.layer_lock import write_layer_lock
from frontend.model.layers import FileCopy, Kind, Plan
from frontend.model.packages import Closure, LocalPackage, LockedPackage
from frontend.plan.partition import BIG, MIDDLING, LayerPolicy, is_big, make, text
from tests.unit.frontend.locks import INDEX, hashed
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    import random

EDGE = int(BIG * MIDDLING)
SIZES = (0, 1, 90_000, EDGE, EDGE + 1, BIG - 1, BIG, BIG + 1, 40 * BIG)
TARGET = target()
API = LocalPackage("api", "apps/api", "editable", "1.0")
SITE = LocalPackage("site", "apps/site", "virtual")


def locked(name: str, version: str, size: int, *, built: bool) -> LockedPackage:
    """A package as a lock has it: with a wheel, or only a source distribution."""
    filename = f"{name}-{version}.tar.gz" if built else f"{name}-{version}-py3-none-any.whl"
    artifact = {"url": f"{INDEX}/{filename}", "hash": hashed(filename), "size": size}
    table = {
        "name": name,
        "version": version,
        "source": {"registry": INDEX},
        "sdist" if built else "wheels": artifact if built else [artifact],
    }
    return LockedPackage(name, version, table, size, built)


NAMES = st.text("abcdefghijkl-", min_size=1, max_size=4).filter(lambda n: n == n.strip("-"))
PACKAGE = st.builds(
    locked,
    NAMES,
    st.sampled_from(["1", "2.0"]),
    st.sampled_from(SIZES),
    built=st.booleans().flatmap(lambda rare: st.booleans() if rare else st.just(False)),
)
PACKAGES = st.one_of(
    *(
        st.lists(PACKAGE, unique_by=lambda p: p.name, min_size=least, max_size=80).map(tuple)
        for least in (0, 25)
    )
)
#: Every limit that users can set, small ones more often.
LIMITS = st.one_of(st.integers(5, 20), st.integers(5, 120))
HEAVY = st.lists(st.lists(NAMES.map("{}*".format), min_size=1, max_size=3).map(tuple), max_size=4)
SHAPES = st.builds(LayerPolicy, HEAVY.map(tuple), st.sampled_from([0, 50_000, BIG]), LIMITS)
MEMBERS = st.lists(NAMES, unique=True, max_size=60).map(
    lambda names: tuple(LocalPackage(f"m-{name}", f"libs/{name}", "editable") for name in names)
)
SERVICES = st.sampled_from([API, SITE])
FILES = st.sampled_from([(), (FileCopy("alembic.ini", "/app/alembic.ini"),)])


def plan(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...] = (),
    service: LocalPackage = API,
    files: tuple[FileCopy, ...] = (),
) -> Plan:
    closure = Closure(packages, (service, *members))
    return make(closure, TARGET, service, shape=shape, files=files)


def installed(found: Plan) -> frozenset[str]:
    """What each third-party layer is installed from: the layer is the same if that is."""
    layers = (layer for layer in found.layers if layer.packages)
    return frozenset(repr(sorted(write_layer_lock(layer, TARGET, {}).items())) for layer in layers)


def full(found: Plan, shape: LayerPolicy) -> bool:
    """Whether the limit of layers is reached, so that the plan may be another one without it."""
    return len(found.layers) >= shape.layers


def grade(package: LockedPackage, shape: LayerPolicy) -> tuple[bool, bool]:
    """What decides with which others a package shares a layer."""
    return is_big(package, shape.big), package.size > int(shape.big * MIDDLING)


@given(PACKAGES, SHAPES, MEMBERS, SERVICES, FILES)
def test_everything_is_in_exactly_one_layer(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
    service: LocalPackage,
    files: tuple[FileCopy, ...],
) -> None:
    found = plan(packages, shape, members, service, files)

    placed = [package for layer in found.layers for package in layer.packages]
    assert sorted(p.name for p in placed) == sorted(p.name for p in packages)
    assert set(placed) == set(packages)
    local = [member.name for layer in found.layers for member in layer.members]
    assert sorted(local) == sorted([service.name, *(member.name for member in members)])


@given(PACKAGES, SHAPES, MEMBERS, SERVICES, FILES)
def test_the_limit_of_layers_is_held(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
    service: LocalPackage,
    files: tuple[FileCopy, ...],
) -> None:
    found = plan(packages, shape, members, service, files)

    event(f"limit reached: {full(found, shape)}")
    assert len(found.layers) <= shape.layers


@given(PACKAGES, SHAPES, MEMBERS, st.randoms(use_true_random=False))
def test_the_order_of_the_lock_does_not_matter(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
    chance: random.Random,
) -> None:
    found = plan(packages, shape, members)
    mixed, others = list(packages), list(members)
    chance.shuffle(mixed)
    chance.shuffle(others)

    again = plan(tuple(mixed), shape, tuple(others))

    assert again == found
    assert text(again, ("api",)) == text(found, ("api",))
    for one, other in zip(found.layers, again.layers, strict=True):
        if one.kind is not Kind.VENV:
            assert write_layer_lock(one, TARGET, {}) == write_layer_lock(other, TARGET, {})


@given(PACKAGES, SHAPES, MEMBERS)
def test_layers_do_not_depend_on_other_services(
    packages: tuple[LockedPackage, ...], shape: LayerPolicy, members: tuple[LocalPackage, ...]
) -> None:
    """The same packages are the same layers, whatever the service is called."""
    assume(not full(plan(packages, shape, members), shape))
    other = LocalPackage("worker", "apps/worker", "editable", "3.1")

    assert installed(plan(packages, shape, members, other)) == installed(
        plan(packages, shape, members)
    )


@given(PACKAGES, SHAPES, MEMBERS)
def test_what_is_big_lies_lower_the_bigger_it_is(
    packages: tuple[LockedPackage, ...], shape: LayerPolicy, members: tuple[LocalPackage, ...]
) -> None:
    found = plan(packages, shape, members)

    sizes = [layer.packages[0].size for layer in found.layers if layer.kind is Kind.BIG]
    assert sizes == sorted(sizes, reverse=True)
    kinds = [layer.kind for layer in found.layers]
    order = [Kind.VENV, Kind.HEAVY, Kind.BIG, Kind.BUILT, Kind.PACKAGES, Kind.MEMBER]
    assert kinds == sorted(kinds, key=order.index)
    assert found.layers[-1].members[-1] == API


@given(PACKAGES, SHAPES, MEMBERS, st.data())
def test_another_version_is_one_new_layer(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
    data: st.DataObject,
) -> None:
    assume(packages)
    old = data.draw(st.sampled_from(packages))
    new = locked(old.name, "3.1", old.size, built=old.built)
    after = tuple(new if package is old else package for package in packages)

    fresh = installed(plan(after, shape, members)) - installed(plan(packages, shape, members))

    assert len(fresh) == 1


@given(PACKAGES, SHAPES, MEMBERS, st.data())
def test_another_size_is_three_new_layers_at_most(
    packages: tuple[LockedPackage, ...],
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
    data: st.DataObject,
) -> None:
    assume(packages)
    old = data.draw(st.sampled_from(packages))
    new = locked(old.name, "3.1", data.draw(st.sampled_from(SIZES)), built=old.built)
    after = tuple(new if package is old else package for package in packages)
    plans = plan(packages, shape, members), plan(after, shape, members)

    fresh = installed(plans[1]) - installed(plans[0])

    crossing = grade(old, shape) != grade(new, shape)
    reached = any(full(one, shape) for one in plans)
    event(f"crossing: {crossing}, limit reached: {reached}, new: {len(fresh)}")
    assert 1 <= len(fresh) <= 1 + 2 * crossing + reached


@given(PACKAGES, PACKAGE, SHAPES, MEMBERS)
def test_a_package_that_comes_is_two_new_layers_at_most(
    packages: tuple[LockedPackage, ...],
    new: LockedPackage,
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
) -> None:
    before = tuple(package for package in packages if package.name != new.name)
    plans = plan(before, shape, members), plan((*before, new), shape, members)

    fresh = installed(plans[1]) - installed(plans[0])

    reached = any(full(one, shape) for one in plans)
    event(f"limit reached: {reached}, new: {len(fresh)}")
    assert 1 <= len(fresh) <= 2 + reached


@given(PACKAGES, PACKAGE, SHAPES, MEMBERS)
def test_a_package_that_goes_is_one_new_layer_at_most(
    packages: tuple[LockedPackage, ...],
    old: LockedPackage,
    shape: LayerPolicy,
    members: tuple[LocalPackage, ...],
) -> None:
    after = tuple(package for package in packages if package.name != old.name)
    plans = plan((*after, old), shape, members), plan(after, shape, members)

    fresh = installed(plans[1]) - installed(plans[0])

    reached = any(full(one, shape) for one in plans)
    event(f"limit reached: {reached}, new: {len(fresh)}")
    assert len(fresh) <= 1 + 2 * reached


@given(PACKAGES, SHAPES, MEMBERS)
def test_small_dependencies_of_big_packages_are_not_big(
    packages: tuple[LockedPackage, ...], shape: LayerPolicy, members: tuple[LocalPackage, ...]
) -> None:
    """Alone are only big packages and built ones; what they depend on does not follow them."""
    for layer in plan(packages, shape, members).layers:
        if layer.kind is Kind.BIG:
            assert [is_big(package, shape.big) for package in layer.packages] == [True]
        if layer.kind is Kind.BUILT:
            assert [package.built for package in layer.packages] == [True]
