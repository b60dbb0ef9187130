"""Dependencies from git, as the lock writes them."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.emit.git_checkout import environment, fetched
from frontend.model.git_source import GitSource
from frontend.model.layers import Kind, Layer, PackagesLayer
from frontend.model.packages import LockedPackage

COMMIT = "2d96f6e2c8919c4b646f46a41da830c251866fc8"
REPOSITORY = "https://git.example/team/lib.git"


def layer(source: str, version: str = "1.4.0") -> Layer:
    table: dict[str, Any] = {"name": "my-lib", "source": {"git": source}}
    return PackagesLayer(Kind.BUILT, (LockedPackage("my-lib", version, table, built=True),))


@pytest.mark.parametrize(
    ("query", "revision", "subdirectory"),
    [
        ("", "", ""),
        ("?tag=v1.4.0", "v1.4.0", ""),
        ("?subdirectory=libs%2Fcore&branch=main", "main", "libs/core"),
        ("?rev=2d96f6e", "2d96f6e", ""),
    ],
)
def test_what_the_lock_says(query: str, revision: str, subdirectory: str) -> None:
    source = GitSource.parse(f"{REPOSITORY}{query}#{COMMIT}")
    assert source.repository == REPOSITORY
    assert (source.commit, source.revision) == (COMMIT, revision)
    assert source.subdirectory == subdirectory
    assert source.fetchable


def test_origin_is_noted_as_uv_does() -> None:
    source = GitSource.parse(f"{REPOSITORY}?subdirectory=sub&tag=v1#{COMMIT}")
    assert source.origin == {
        "url": REPOSITORY,
        "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "v1"},
        "subdirectory": "sub",
    }


@pytest.mark.parametrize(
    "source",
    [
        "ssh://git@git.example/team/lib.git#" + COMMIT,
        f"{REPOSITORY}?lfs=true#{COMMIT}",
        f"{REPOSITORY}?path=dist%2Flib-1.0-py3-none-any.whl#{COMMIT}",
    ],
)
def test_left_to_the_builders_git(source: str) -> None:
    assert not fetched(layer(source), builder_git=False)


def test_builder_with_git_fetches_everything() -> None:
    source = f"{REPOSITORY}#{COMMIT}"
    assert not fetched(layer(source), builder_git=True)
    assert list(fetched(layer(source), builder_git=False)) == ["my-lib"]


def test_version_stands_in_for_the_history() -> None:
    made = layer(f"{REPOSITORY}#{COMMIT}")
    found = environment(made, fetched(made, builder_git=False))
    assert found["SETUPTOOLS_SCM_PRETEND_VERSION_FOR_MY_LIB"] == "1.4.0"
    assert found["UV_DYNAMIC_VERSIONING_BYPASS"] == "1.4.0"
