"""Packages and files by the tables that a lock has of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.model.packages import (
    Artifact,
    LocalPackage,
    LockedPackage,
    Selection,
    filename_of,
    size_of_source,
)

SHA256 = "sha256:" + "0" * 64
REGISTRY = {"registry": "https://index.example/simple"}


def locked(**table: Any) -> LockedPackage:
    return LockedPackage("lib", "1", {"source": REGISTRY, **table})


def test_chosen_packages_keep_their_order() -> None:
    assert Selection("b", others=("c", "a")).packages == ("b", "c", "a")


@pytest.mark.parametrize(
    ("sdist", "source", "expected"),
    [
        (
            {"url": "https://f.example/lib-1.tar.gz", "hash": SHA256},
            REGISTRY,
            Artifact("lib-1.tar.gz", "https://f.example/lib-1.tar.gz", SHA256),
        ),
        # Only SHA-256 pins a file.
        ({"path": "lib-1.zip", "hash": "md5:00"}, REGISTRY, Artifact("lib-1.zip", "", "")),
        # The address is the package's own.
        (
            {"hash": SHA256},
            {"url": "https://f.example/a%2Bb.tar.gz#x"},
            Artifact("a+b.tar.gz", "https://f.example/a%2Bb.tar.gz#x", SHA256),
        ),
    ],
)
def test_source_distributions(
    sdist: dict[str, str], source: dict[str, str], expected: Artifact
) -> None:
    assert locked(sdist=sdist, source=source).source_artifact == expected


def test_a_package_without_a_source_distribution() -> None:
    assert locked().source_artifact is None
    assert size_of_source(locked()) == 0
    assert size_of_source(locked(sdist={})) == 0
    assert size_of_source(locked(sdist={"size": 12})) == 12


def test_the_registry_of_a_package() -> None:
    assert locked().registry == "https://index.example/simple"
    assert locked(source={"git": "https://g.example/x"}).registry == ""


def test_tables_do_not_tell_packages_apart() -> None:
    assert locked() == locked(sdist={"size": 1})
    assert len({locked(), locked(sdist={"size": 1})}) == 1


FILENAMES = st.text("abc.-+ %é", min_size=1, max_size=8)


@given(FILENAMES, st.sampled_from(["", "?a=b/c", "#sha256=/0", "?x#y/z"]))
def test_names_of_files_at_addresses(name: str, rest: str) -> None:
    assert filename_of(f"https://h.example/a/{quote(name)}{rest}") == name


@pytest.mark.parametrize(("kind", "virtual"), [("virtual", True), ("editable", False)])
def test_virtual_packages(kind: str, virtual: bool) -> None:
    assert LocalPackage("a", ".", kind).virtual is virtual
