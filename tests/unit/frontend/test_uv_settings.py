"""Which of the workspace's settings for uv a layer gets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.container.uv_settings import builds, built, project
from frontend.model.layers import Kind, Layer, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage
from frontend.redaction import without_credentials

INDEXES = [
    {"name": "corp", "url": "https://user:pass@corp.index.example/simple/", "default": True},
    {"name": "gpu", "url": "https://gpu.index.example/simple", "explicit": True},
]
SETTINGS: dict[str, Any] = {
    "allow-insecure-host": ["corp.index.example"],
    "build-constraint-dependencies": ["setuptools<80"],
    "cache-dir": "/somewhere",
    "config-settings": {"editable_mode": "compat"},
    "dev-dependencies": ["pytest"],
    "exclude-newer": "2026-01-01T00:00:00Z",
    "find-links": ["https://token@links.example/wheels"],
    "index": INDEXES,
    "keyring-provider": "disabled",
    "no-binary-package": ["Psycopg_2"],
    "sources": {"core": {"workspace": True}},
    "workspace": {"members": ["*"]},
}


def layer(name: str = "idna", registry: str = "", *, built: bool = False) -> Layer:
    table = {"source": {"registry": registry or "https://corp.index.example/simple"}}
    return PackagesLayer(Kind.PACKAGES, (LockedPackage(name, "1", table, built=built),))


MEMBER = MembersLayer((LocalPackage("api", "apps/api", "editable"),))


def test_wheels_need_the_index_they_come_from_and_how_to_reach_it() -> None:
    assert project(SETTINGS, layer()) == {
        "allow-insecure-host": ["corp.index.example"],
        "index": [{"name": "corp", "url": "https://corp.index.example/simple/", "default": True}],
        "keyring-provider": "disabled",
    }
    found = project(SETTINGS, layer(registry="https://gpu.index.example/simple"))
    assert [index["name"] for index in found["index"]] == ["gpu"]


def test_packages_of_no_configured_index_need_nothing() -> None:
    assert project(SETTINGS, layer(registry="https://index.example/simple")) == {}
    assert project({}, layer()) == {}


@pytest.mark.parametrize("needing", [MEMBER, layer("legacy", built=True), layer("psycopg-2")])
def test_what_is_built_needs_every_index_and_the_settings_of_builds(needing: Layer) -> None:
    assert builds(SETTINGS, needing)
    assert project(SETTINGS, needing) == {
        "allow-insecure-host": ["corp.index.example"],
        "config-settings": {"editable_mode": "compat"},
        "exclude-newer": "2026-01-01T00:00:00Z",
        "find-links": ["https://links.example/wheels"],
        "index": [
            {"name": "corp", "url": "https://corp.index.example/simple/", "default": True},
            {"name": "gpu", "url": "https://gpu.index.example/simple", "explicit": True},
        ],
        "keyring-provider": "disabled",
        "no-binary-package": ["Psycopg_2"],
    }


def test_no_binary_at_all() -> None:
    assert builds({"no-binary": True}, layer())
    assert project({"no-binary": True}, layer()) == {"no-binary": True}
    assert not builds({"no-binary": False}, layer())


def test_packages_that_are_built() -> None:
    assert built({}, layer("legacy", built=True)) == ("legacy",)
    assert built(SETTINGS, layer("psycopg-2")) == ("psycopg-2",)
    assert built({"no-binary": True}, layer("any")) == ("any",)
    assert built(SETTINGS, layer("any")) == ()
    assert built(SETTINGS, MEMBER) == ()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://index.example/simple", "https://index.example/simple"),
        ("https://user:pass@index.example/simple", "https://index.example/simple"),
        ("http://user@index.example:8080/x@y/", "http://index.example:8080/x@y/"),
        ("https://user:p@ss@index.example/simple", "https://index.example/simple"),
        ("thing @ https://u:p@files.example/t.whl", "thing @ https://files.example/t.whl"),
        ("git+ssh://git@git.example/thing", "git+ssh://git@git.example/thing"),
        ("git+https://token@git.example/thing@v1", "git+https://git.example/thing@v1"),
        ("./links", "./links"),
    ],
)
def test_credentials_in_urls(url: str, expected: str) -> None:
    assert without_credentials(url) == expected


@given(
    st.recursive(
        st.builds(
            "{}://{}:s3cret@host.example/{}".format,
            st.sampled_from(["http", "https", "git+https"]),
            st.text("abc@:%", max_size=4),
            st.text("ab/@", max_size=4),
        ),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_no_secret_survives_anywhere(value: Any) -> None:
    settings = dict.fromkeys(["find-links", "config-settings", "index-url"], value)
    assert "s3cret" not in str(project(settings, MEMBER))
