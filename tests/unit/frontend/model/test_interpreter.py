"""Markers, versions and tags of an interpreter, against `packaging`."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from frontend.model.interpreter import Interpreter, Libc
from tests.unit.frontend.targets import target

VERSIONS = st.tuples(st.integers(11, 15), st.integers(0, 20)).map(lambda v: f"3.{v[0]}.{v[1]}")
CLAUSES = st.tuples(
    st.sampled_from([">=", "<=", "!=", "==", "~=", "<", ">"]), VERSIONS | st.sampled_from(["3.12"])
).map("".join)
MACHINES = st.sampled_from(["x86_64", "aarch64"])


@given(VERSIONS, st.lists(CLAUSES, max_size=3).map(",".join))
def test_requirements_on_python_are_those_of_packaging(version: str, wanted: str) -> None:
    assert target(version).satisfies(wanted) == SpecifierSet(wanted).contains(version)


@given(VERSIONS, VERSIONS, st.sampled_from(["", "rc1", "b2", "a1"]))
def test_a_version_alone_asks_for_it(version: str, wanted: str, phase: str) -> None:
    interpreter = target(version + phase)
    assert interpreter.satisfies(wanted) == (Version(version) == Version(wanted))
    assert interpreter.satisfies(wanted.rpartition(".")[0]) == (
        interpreter.release == Version(wanted).release[:2]
    )
    assert interpreter.minor == ".".join(version.split(".")[:2])


@given(VERSIONS, MACHINES, CLAUSES)
def test_markers_hold_as_in_packaging(version: str, machine: str, clause: str) -> None:
    operator = clause.rstrip("0123456789.")
    wanted = clause.removeprefix(operator)
    environment = cast("dict[str, str]", target(version, machine).environment)
    assert Marker(f"python_full_version {operator} '{wanted}'").evaluate(environment) == (
        SpecifierSet(clause).contains(version)
    )
    assert Marker(f"platform_machine == '{machine}'").evaluate(environment)
    assert Marker("sys_platform == 'linux' and os_name == 'posix'").evaluate(environment)


def accepts(interpreter: Interpreter, tag: str) -> bool:
    wheel = f"lib-1-{tag}.whl"
    return not parse_wheel_filename(wheel)[3].isdisjoint(interpreter.tags)


@given(MACHINES, st.integers(17, 60), st.integers(5, 60))
def test_wheels_of_an_older_glibc_fit_and_those_of_a_newer_do_not(
    machine: str, installed: int, wanted: int
) -> None:
    interpreter = target("3.13.1", machine, Libc("glibc", (2, installed)))
    oldest = 5 if machine == "x86_64" else 17
    tag = f"cp313-cp313-manylinux_2_{wanted}_{machine}"
    assert accepts(interpreter, tag) == (oldest <= wanted <= installed)
    assert not accepts(interpreter, f"cp313-cp313-musllinux_1_2_{machine}")
    # With any libc the same wheels and newer ones are kept.
    assert parse_tag(tag).issubset(interpreter.tags_for_any_libc) == (oldest <= wanted)


@given(st.integers(11, 14), st.integers(6, 15), st.booleans())
def test_wheels_of_an_older_python_fit_where_their_abi_is_stable(
    minor: int, wanted: int, free_threaded: bool
) -> None:
    interpreter = target(f"3.{minor}.0", free_threaded=free_threaded)
    stable = accepts(interpreter, f"cp3{wanted}-abi3-manylinux_2_17_x86_64")
    assert stable == (wanted <= minor and not free_threaded)
    suffix = "t" if free_threaded else ""
    exact = accepts(interpreter, f"cp3{wanted}-cp3{wanted}{suffix}-manylinux_2_17_x86_64")
    assert exact == (wanted == minor)
    assert accepts(interpreter, f"py3{wanted}-none-any") == (wanted <= minor)


@pytest.mark.parametrize(
    ("machine", "libc", "expected"),
    [
        ("x86_64", Libc("glibc", (2, 41)), "x86_64-manylinux_2_40"),
        ("x86_64", Libc("glibc", (2, 30)), "x86_64-manylinux_2_28"),
        ("aarch64", Libc("glibc", (2, 17)), "aarch64-manylinux_2_17"),
        ("aarch64", Libc("glibc", (2, 16)), ""),
        ("x86_64", Libc("musl", (1, 2)), "x86_64-unknown-linux-musl"),
        ("x86_64", Libc("musl", (1, 1)), ""),
        ("riscv64", Libc("glibc", (2, 41)), ""),
        ("x86_64", Libc("bionic", (30, 0)), ""),
    ],
)
def test_what_uv_calls_the_platform(machine: str, libc: Libc, expected: str) -> None:
    assert target("3.13.1", machine, libc).uv_platform == expected


@given(MACHINES, st.integers(17, 60))
def test_uv_is_asked_for_no_newer_platform(machine: str, installed: int) -> None:
    interpreter = target("3.13.1", machine, Libc("glibc", (2, installed)))
    clamped = interpreter.clamped_to_uv_platform
    assert clamped.libc.version <= interpreter.libc.version
    assert set(clamped.tags) <= set(interpreter.tags)
    assert clamped.uv_platform == interpreter.uv_platform
    assert clamped.clamped_to_uv_platform == clamped
