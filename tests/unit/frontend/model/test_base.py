"""Configurations of base images: those of every tool, and hostile ones; what is kept of Pythons."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.emit.image_config import ImageConfig
from frontend.errors import FrontendError
from frontend.model.base import BaseImage, Prefix, base_image
from llb import Platform

DIGEST = "sha256:" + "ab" * 32


def base(**run: Any) -> BaseImage:
    config = {"architecture": "arm64", "config": run, "rootfs": {"diff_ids": ["a", "b"]}}
    return base_image("python:3.13", f"python@{DIGEST}", DIGEST, json.dumps(config).encode())


def test_the_environment_of_the_base() -> None:
    image = base(
        Env=["PATH=/opt/bin:/bin", "CC=gcc -O2=x", "PYTHONPATH=/x", "UV_CACHE_DIR=/y", "A"]
    )
    assert image.env == {
        "PATH": "/opt/bin:/bin",
        "CC": "gcc -O2=x",
        "PYTHONPATH": "/x",
        "UV_CACHE_DIR": "/y",
        "A": "",
    }
    assert image.build_env == {"PATH": "/opt/bin:/bin", "CC": "gcc -O2=x", "A": ""}
    assert image.path == "/opt/bin:/bin"


@pytest.mark.parametrize("env", [None, [], ["PATH="], ["OTHER=x"]])
def test_a_base_without_a_search_path_has_the_usual_one(env: list[str] | None) -> None:
    assert base(Env=env).path == "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", ""),
        ("root", ""),
        ("0", ""),
        ("0:0", ""),
        ("root:users", ""),
        ("app", "app"),
        ("1000:0", "1000:0"),
        ("00", "00"),
    ],
)
def test_the_user_of_the_base(user: str, expected: str) -> None:
    assert base(User=user).user == expected


def test_what_else_a_configuration_says() -> None:
    assert (base().architecture, base().layers) == ("arm64", 2)
    empty = base_image("scratch", "", "", b"")
    assert (empty.architecture, empty.layers, empty.user, empty.env) == ("", 0, "", {})


def test_identity_is_the_digest_else_that_of_what_is_known() -> None:
    assert base().identity == "ab" * 8
    without = [
        BaseImage("x", "x", "", {}, raw, fingerprint=mark)
        for raw in (b"", b"{}")
        for mark in ("", "one")
    ]
    identities = {image.identity for image in without}
    assert len(identities) == 4
    assert all(len(identity) == 16 for identity in identities)


def test_the_layout_of_a_prefix_is_the_same_for_all_its_packages() -> None:
    one = Prefix("/usr/bin/python3", "/p", "/s", "/d", {"idna": ("1", True)})
    other = Prefix("/usr/bin/python3", "/p", "/s", "/d", {})
    assert one.layout == other.layout
    assert json.loads(one.layout) == {
        "interpreter": "/usr/bin/python3",
        "packages": "/p",
        "scripts": "/s",
        "data": "/d",
    }


def read(config: object) -> BaseImage:
    return base_image("odd:1", "odd@sha256:1", "sha256:" + "1" * 64, json.dumps(config).encode())


def test_what_is_read() -> None:
    image = read(
        {
            "architecture": "arm64",
            "config": {"Env": ["PATH=/bin", "CC=gcc", "PYTHONPATH=/x", "EMPTY="], "User": "app"},
            "rootfs": {"diff_ids": ["sha256:1", "sha256:2"]},
        }
    )
    assert image.env == {"PATH": "/bin", "CC": "gcc", "PYTHONPATH": "/x", "EMPTY": ""}
    assert image.build_env == {"PATH": "/bin", "CC": "gcc", "EMPTY": ""}
    assert (image.path, image.user, image.architecture, image.layers) == ("/bin", "app", "arm64", 2)
    assert image.identity == "1" * 16


@pytest.mark.parametrize(
    "config", [{}, {"config": None}, {"config": {"Env": None, "Labels": None}}, {"rootfs": None}]
)
def test_what_is_left_out_is_nothing(config: object) -> None:
    image = read(config)
    assert (image.env, image.user, image.architecture, image.layers) == ({}, "", "", 0)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ([], "it is not an object"),
        (1, "it is not an object"),
        ({"config": []}, "config is not an object"),
        ({"config": {"Env": 1}}, "config.Env is not a list of texts"),
        ({"config": {"Env": [1]}}, "config.Env is not a list of texts"),
        ({"config": {"Labels": ["a"]}}, "config.Labels is not an object of texts"),
        ({"rootfs": 1}, "rootfs is not an object"),
        ({"rootfs": {"diff_ids": "x"}}, "rootfs.diff_ids is not a list of texts"),
        ({"history": [None]}, "history is not a list of objects"),
        ({"architecture": 1}, "architecture is not text"),
    ],
)
def test_a_malformed_configuration_names_what_is_wrong(config: object, reason: str) -> None:
    with pytest.raises(FrontendError, match="the configuration of image odd:1") as raised:
        read(config)
    assert raised.value.message.endswith(f": {reason}")


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(FrontendError, match="it is not JSON"):
        base_image("odd:1", "", "", raw)


KEYS = st.sampled_from(["config", "Env", "Labels", "User", "rootfs", "diff_ids", "history", "x"])
JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)


@given(JSON)
def test_a_configuration_is_read_or_refused(config: object) -> None:
    try:
        image = read(config)
    except FrontendError:
        return
    assert isinstance(image.env, dict)
    assert image.layers >= 0
    assert ImageConfig(Platform("linux", "amd64")).to_json()
