"""Wheel tags and markers of the Python in an image, compared with what packaging says."""

from __future__ import annotations

import sys
from typing import Any

import packaging.tags
import pytest
from packaging import _manylinux, _musllinux
from packaging.markers import Marker

from frontend.errors import FrontendError
from frontend.model.interpreter import Interpreter, Libc, machine_of
from llb import Platform
from tests.unit.frontend.targets import GLIBC, MUSL, target

AMD64 = Platform("linux", "amd64")


def report(**changes: Any) -> dict[str, Any]:
    """Write what `steps/probe.py` writes; `changes` to the markers stand under `markers`."""
    found: dict[str, Any] = {
        "path": "/usr/local/bin/python3.13",
        "prefix": "/usr/local",
        "bits": 64,
        "free_threaded": False,
        "libc": {"name": "glibc", "version": "2.41"},
        "markers": {
            "implementation_name": "cpython",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "python_full_version": "3.13.1",
            "python_version": "3.13",
            "sys_platform": "linux",
        },
    }
    found["markers"] |= changes.pop("markers", {})
    return found | changes


# --- tags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["x86_64", "i686", "aarch64", "ppc64le", "s390x", "riscv64"])
@pytest.mark.parametrize("minor", [17, 28, 41])
def test_tags_of_glibc_are_packagings(
    monkeypatch: pytest.MonkeyPatch, machine: str, minor: int
) -> None:
    monkeypatch.setattr(_manylinux, "_have_compatible_abi", lambda *_: True)
    monkeypatch.setattr(_manylinux, "_get_glibc_version", lambda: (2, minor))
    expected = [*_manylinux.platform_tags([machine]), f"linux_{machine}"]
    assert target(machine=machine, libc=Libc("glibc", (2, minor))).platform_tags() == expected


@pytest.mark.parametrize("minor", [1, 2, 5])
def test_tags_of_musl_are_packagings(monkeypatch: pytest.MonkeyPatch, minor: int) -> None:
    version = _musllinux._MuslVersion(1, minor)
    monkeypatch.setattr(_musllinux, "_get_musl_version", lambda _: version)
    expected = [*_musllinux.platform_tags(["aarch64"]), "linux_aarch64"]
    assert target(machine="aarch64", libc=Libc("musl", (1, minor))).platform_tags() == expected


def test_an_unknown_libc_takes_what_was_built_for_it_only() -> None:
    assert target(libc=Libc("unknown", (0, 0))).platform_tags() == ["linux_x86_64"]


@pytest.mark.skipif(sys.platform != "linux", reason="the tags of a Linux interpreter")
def test_all_tags_of_this_interpreter(own: Interpreter) -> None:
    assert set(own.tags) == set(packaging.tags.sys_tags())


def test_the_best_tag_is_the_nearest() -> None:
    tags = [str(tag) for tag in target("3.12.4").tags]
    assert tags[0] == "cp312-cp312-manylinux_2_41_x86_64"
    order = [
        "cp312-cp312-manylinux_2_17_x86_64",
        "cp312-cp312-manylinux2014_x86_64",
        "cp312-abi3-manylinux_2_17_x86_64",
        "cp38-abi3-manylinux_2_17_x86_64",
        "py3-none-manylinux_2_17_x86_64",
        "py3-none-any",
    ]
    assert sorted(order, key=tags.index) == order


@pytest.mark.parametrize(
    ("version", "free_threaded", "fits", "does_not_fit"),
    [
        ("3.13.1", False, ["cp313-cp313", "cp39-abi3"], ["cp313-cp313t", "cp312-cp312"]),
        ("3.13.1", True, ["cp313-cp313t"], ["cp313-cp313", "cp313-abi3", "cp39-abi3"]),
        ("3.8.20", False, ["cp38-cp38", "cp36-abi3"], ["cp39-abi3", "cp38-cp38m"]),
        ("3.14.0", False, ["cp314-cp314", "cp314-abi3"], ["cp315-abi3"]),
    ],
)
def test_interpreters_and_their_abis(
    version: str, free_threaded: bool, fits: list[str], does_not_fit: list[str]
) -> None:
    tags = {str(tag) for tag in target(version, free_threaded=free_threaded).tags}
    for tag in fits:
        assert f"{tag}-manylinux_2_17_x86_64" in tags
    for tag in does_not_fit:
        assert f"{tag}-manylinux_2_17_x86_64" not in tags
    assert "py3-none-any" in tags


@pytest.mark.parametrize(
    ("name", "newer", "foreign"),
    [
        (GLIBC, "manylinux_2_60_x86_64", "musllinux_1_2_x86_64"),
        (MUSL, "musllinux_1_9_x86_64", "manylinux_2_17_x86_64"),
    ],
)
def test_kin_tags_leave_the_version_of_the_libc_open(name: Libc, newer: str, foreign: str) -> None:
    found = target(libc=name)
    kin = {str(tag) for tag in found.tags_for_any_libc}
    assert f"cp313-cp313-{newer}" in kin
    assert f"cp313-cp313-{foreign}" not in kin
    assert set(found.tags) <= found.tags_for_any_libc
    older = target(libc=Libc(name.name, (name.version[0], 1)))
    assert older.tags_for_any_libc == found.tags_for_any_libc


# --- from the probe ------------------------------------------------------------------------------


def test_a_report() -> None:
    found = Interpreter.from_probe(report(), AMD64)
    assert found.path == "/usr/local/bin/python3.13"
    assert found.prefix == "/usr/local"
    assert (found.version, found.release, found.minor) == ("3.13.1", (3, 13), "3.13")
    assert (found.machine, found.libc, found.free_threaded) == ("x86_64", GLIBC, False)


@pytest.mark.parametrize(
    ("libc", "expected"),
    [
        ({"name": "musl", "version": "1.2.5"}, Libc("musl", (1, 2))),
        ({"name": "glibc", "version": "2.9"}, Libc("glibc", (2, 9))),
        ({"name": "unknown", "version": ""}, Libc("unknown", (0, 0))),
        ({"name": "glibc", "version": "2"}, Libc("glibc", (2, 0))),
    ],
)
def test_versions_of_libcs(libc: dict[str, str], expected: Libc) -> None:
    assert Interpreter.from_probe(report(libc=libc), AMD64).libc == expected


def test_the_platform_decides_the_machine() -> None:
    found = Interpreter.from_probe(report(), Platform("linux", "arm64"))
    assert found.machine == "aarch64"
    assert Marker("platform_machine == 'aarch64'").evaluate(found.markers)


def test_a_build_between_two_releases() -> None:
    found = Interpreter.from_probe(report(markers={"python_full_version": "3.13.1+"}), AMD64)
    assert found.release == (3, 13)
    assert Marker("python_full_version > '3.13.0'").evaluate(found.markers)


def test_only_cpython() -> None:
    pypy = report(markers={"platform_python_implementation": "PyPy"})
    with pytest.raises(FrontendError, match=r"python3\.13 is PyPy, and only CPython is supported"):
        Interpreter.from_probe(pypy, AMD64)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux/amd64", "x86_64"),
        ("linux/amd64/v3", "x86_64"),
        ("linux/arm64", "aarch64"),
        ("linux/arm/v7", "armv7l"),
        ("linux/arm/v6", "armv6l"),
        ("linux/386", "i686"),
        ("linux/ppc64le", "ppc64le"),
        ("linux/s390x", "s390x"),
        ("linux/riscv64", "riscv64"),
        ("linux/loong64", "probed"),
    ],
)
def test_machines(platform: str, expected: str) -> None:
    assert machine_of(Platform.parse(platform), "probed") == expected


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
    [
        ("3.13.1", "", True),
        ("3.13.1", ">=3.11", True),
        ("3.13.1", ">=3.14", False),
        ("3.13.1", "3.13", True),
        ("3.13.1", "3.1", False),
        ("3.13.1", "3.13.1", True),
        ("3.13.1", "3.13.2", False),
        ("3.13.1", "pypy", False),
        ("3.14.0rc1", ">=3.14", True),
        ("3.14.0rc1", ">=3.11,<3.14", False),
        ("3.14.0rc1", "3.14", True),
        ("3.13.1+local", "==3.13.1", True),
    ],
)
def test_what_it_satisfies(version: str, wanted: str, fits: bool) -> None:
    assert target(version).satisfies(wanted) is fits


def test_a_candidate_counts_as_its_release() -> None:
    found = target("3.14.0rc1")
    assert found.environment["python_full_version"] == "3.14.0"
    assert found.version == "3.14.0rc1"
