"""What is taken from provenances of both forms, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tools.verify.errors import UnverifiableError
from tools.verify.provenance import Material, at_commit, read

COMMIT = "98d7b03cb0ab53daf8cb3c4f51bbdbdec1b7cb22"
ARGUMENTS = {
    "build-arg:package": "api",
    "build-arg:SOURCE_DATE_EPOCH": "1700000000",
    "label:team": "shop",
    "target": "test",
    "add-hosts": "one=10.0.0.1,two=10.0.0.2",
    "platform": "linux/amd64",
    "source": "org/uv-frontend:1",
    "cmdline": "org/uv-frontend:1",
    "no-cache": "",
    "context:core": "https://git.example/core.git#main",
}
MATERIALS: list[dict[str, Any]] = [
    {"uri": "pkg:docker/org/uv-frontend@1", "digest": {"sha256": "c8"}},
    {"uri": "pkg:docker/python@3.13-slim?platform=linux%2Famd64", "digest": {"sha256": "f9"}},
    {"uri": "https://git.example/core.git#main", "digest": {"sha1": COMMIT}},
]


def first(**about: Any) -> dict[str, Any]:
    """A provenance of the form 0.2, as BuildKit writes it."""
    parameters = {"frontend": "gateway.v0", "args": ARGUMENTS, **about.get("parameters", {})}
    origin = {"uri": "https://git.example/shop.git#main:x", "digest": {"sha1": COMMIT}}
    return {
        "invocation": {
            "configSource": about.get("origin", {**origin, "entryPoint": "api.Dockerfile"}),
            "parameters": parameters,
        },
        "materials": MATERIALS,
        "metadata": {
            "completeness": {"parameters": about.get("complete", True)},
            "https://mobyproject.org/buildkit@v1#metadata": {"vcs": about.get("vcs", {})},
        },
    }


def second() -> dict[str, Any]:
    """The same of the form 1."""
    origin = {"uri": "https://git.example/shop.git#main:x", "digest": {"sha1": COMMIT}}
    return {
        "buildDefinition": {
            "externalParameters": {
                "configSource": {**origin, "path": "api.Dockerfile"},
                "request": {"frontend": "gateway.v0", "args": ARGUMENTS},
            },
            "resolvedDependencies": MATERIALS,
        },
        "runDetails": {"metadata": {"buildkit_completeness": {"request": True}}},
    }


@pytest.mark.parametrize("form", [first(), second()], ids=["0.2", "1"])
def test_a_build_can_be_repeated(form: dict[str, Any]) -> None:
    recipe = read(form)
    assert recipe.context == f"https://git.example/shop.git#{COMMIT}:x"
    assert not recipe.claimed
    assert recipe.options == (
        "--file=api.Dockerfile",
        "--add-host=one=10.0.0.1",
        "--add-host=two=10.0.0.2",
        "--build-arg=SOURCE_DATE_EPOCH=1700000000",
        "--build-arg=package=api",
        f"--build-context=core=https://git.example/core.git#{COMMIT}",
        "--label=team=shop",
        "--target=test",
    )
    assert recipe.frontend == "org/uv-frontend:1@sha256:c8"
    assert [rule["updates"]["identifier"] for rule in recipe.policy["rules"]] == [
        "docker-image://docker.io/org/uv-frontend:1@sha256:c8",
        "docker-image://docker.io/library/python:3.13-slim@sha256:f9",
    ]


@pytest.mark.parametrize(
    ("uri", "image"),
    [
        ("pkg:docker/python@3.13-slim", "docker.io/library/python:3.13-slim"),
        ("pkg:docker/127.0.0.1:5000/a/b@1", "127.0.0.1:5000/a/b:1"),
        ("pkg:docker/localhost/b@1?platform=linux%2Farm64", "localhost/b:1"),
        ("pkg:docker/python@3.13?digest=sha256:aa&platform=linux%2Famd64", ""),
        ("https://files.example/a.whl", ""),
    ],
)
def test_names_of_images(uri: str, image: str) -> None:
    assert Material(uri, "sha256:aa").image == image


@pytest.mark.parametrize(
    ("address", "fixed"),
    [
        ("https://git.example/shop.git", f"https://git.example/shop.git#{COMMIT}"),
        ("https://git.example/shop.git#v1", f"https://git.example/shop.git#{COMMIT}"),
        ("git@git.example:shop.git#v1:a/b", f"git@git.example:shop.git#{COMMIT}:a/b"),
        (
            "https://git.example/shop.git?branch=main&subdir=a/b",
            f"https://git.example/shop.git?ref={COMMIT}&subdir=a/b",
        ),
    ],
)
def test_a_commit_takes_the_place_of_a_branch(address: str, fixed: str) -> None:
    assert at_commit(address, COMMIT) == fixed


LOCALS = {"locals": [{"name": "context"}, {"name": "dockerfile"}]}
VCS = {"revision": COMMIT, "source": "https://git.example/shop.git", "localdir:context": "."}


def test_a_directory_whose_commit_is_known() -> None:
    recipe = read(first(origin={}, parameters=LOCALS, vcs={**VCS, "localdir:dockerfile": "."}))
    assert recipe.context == f"https://git.example/shop.git#{COMMIT}"
    assert recipe.claimed


def test_another_repository_for_the_same_commit() -> None:
    recipe = read(first(), "https://mirror.example/shop.git")
    assert recipe.context == f"https://mirror.example/shop.git#{COMMIT}:x"


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (first(complete=False), "mode=min"),
        (first(origin={}, parameters=LOCALS), "does not tell its commit"),
        (first(origin={}, vcs={**VCS, "revision": f"{COMMIT}-dirty"}), "changes that were not"),
        (first(origin={}, vcs={"revision": COMMIT}), "does not tell the repository"),
        (first(origin={}, vcs={**VCS, "localdir:dockerfile": "build"}), "not in the directory"),
        (first(parameters={"locals": [{"name": "dockerfile"}]}), "build file was a local one"),
        (first(parameters={"locals": [{"name": "core"}]}), "only the machine had.*: core"),
        (first(parameters={"args": {"context:core": "input:core"}}), "only the machine had"),
        (first(parameters={"args": {"surprise": "1"}}), "the option surprise=1"),
    ],
)
def test_what_is_missing_is_named(form: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnverifiableError, match=reason):
        read(form)


def test_secrets_that_a_build_cannot_do_without() -> None:
    asked = [{"id": "ca", "optional": True}, {"id": "token"}]
    recipe = read(first(parameters={"secrets": asked, "ssh": [{"id": "default"}]}))
    assert recipe.secrets == {"ca": True, "token": False}
    assert recipe.agents == {"default": False}
