"""Platforms, image references and paths: text that means the same must become the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llb
from llb import paths
from llb.pb import ops_pb2

SHA = "sha256:" + "ab" * 32

# --- platforms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("linux/amd64", "linux/amd64"),
        ("Linux/x86_64", "linux/amd64"),
        ("linux/x86-64/v1", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v9.0", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
        ("linux/riscv64", "linux/riscv64"),
    ],
)
def test_platform_spellings(text: str, normalized: str) -> None:
    platform = llb.Platform.parse(text)
    assert platform.id == text
    assert platform.normalized().id == normalized
    assert platform.normalized().normalized() == platform.normalized()
    assert str(platform) == text


def test_platform_with_version_and_features() -> None:
    platform = llb.Platform.parse("windows(10.0.17763+win32k+x)/amd64")
    assert platform == llb.Platform("windows", "amd64", "", "10.0.17763", ("win32k", "x"))
    assert platform.normalized() == platform
    assert platform.id == "windows/amd64"
    assert llb.Platform.from_proto(platform.to_proto()) == platform


@pytest.mark.parametrize("text", ["", "linux", "arm64", "a/b/c/d", "linux/", "/amd64", "l*/amd64"])
def test_not_a_platform(text: str) -> None:
    with pytest.raises(ValueError, match="not a platform"):
        llb.Platform.parse(text)


def test_a_platform_without_architecture_is_none() -> None:
    with pytest.raises(ValueError, match="needs an operating system"):
        llb.Platform.from_proto(ops_pb2.Platform(OS="linux"))


# --- image references -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("python", "docker.io/library/python:latest", "python"),
        ("python:3.13-slim", "docker.io/library/python:3.13-slim", "python"),
        ("org/uv-frontend", "docker.io/org/uv-frontend:latest", "org/uv-frontend"),
        ("docker.io/python", "docker.io/library/python:latest", "python"),
        ("index.docker.io/library/python", "docker.io/library/python:latest", "python"),
        ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b"),
        ("localhost/x", "localhost/x:latest", "localhost/x"),
        ("localhost:5000/x:1", "localhost:5000/x:1", "localhost:5000/x"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest", "127.0.0.1:5000/a/b"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a"),
        ("quay.io/a/b__c-d.e", "quay.io/a/b__c-d.e:latest", "quay.io/a/b__c-d.e"),
        ("Registry/x", "Registry/x:latest", "Registry/x"),
        (f"python@{SHA}", f"docker.io/library/python@{SHA}", "python"),
        (f"python:3@{SHA}", f"docker.io/library/python:3@{SHA}", "python"),
    ],
)
def test_image_references(text: str, full: str, familiar: str) -> None:
    assert llb.normalize(text) == full
    assert llb.normalize(full) == full
    assert llb.Reference.parse(text).familiar == familiar


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "Python",
        "org/Python",
        "python:",
        "python:-x",
        "python@",
        "python@sha256:abc",
        "a//b",
        "-a",
        "a_-b",
        "ab" * 32,
        "a" * 256,
        "https://example.com/x",
        "python:" + "x" * 129,
    ],
)
def test_not_an_image_reference(text: str) -> None:
    with pytest.raises(ValueError, match="image"):
        llb.normalize(text)


# --- paths ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_path", "cleaned"),
    [
        ("/", "/"),
        ("//a//b/", "/a/b"),
        ("/a/../..", "/"),
        ("/./a/.", "/a"),
        ("a/b/..", "a"),
        ("", "."),
    ],
)
def test_clean(given_path: str, cleaned: str) -> None:
    assert paths.clean(given_path) == cleaned


@pytest.mark.parametrize(
    ("given_path", "kept"),
    [
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/a/.", "/a/."),
        ("/", "/"),
        ("/.", "/."),
        ("/a/..", "/"),
        ("/a//b/./", "/a/b/"),
    ],
)
def test_the_end_of_a_destination_counts(given_path: str, kept: str) -> None:
    assert paths.destination(given_path, "x") == kept


@given(st.text("ab./", max_size=12))
def test_cleaning_is_idempotent(path: str) -> None:
    assert paths.clean(paths.clean(path)) == paths.clean(path)
    assert "//" not in paths.clean(path)


def test_relative_and_impossible_paths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the file must be an absolute path, not 'a'"):
        paths.absolute("a", "the file")
    with pytest.raises(ValueError, match="NUL"):
        paths.absolute("/a\0", "the file")
