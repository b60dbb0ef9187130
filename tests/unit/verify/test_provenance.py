"""What is taken from provenances of both forms, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.verify.provenances import COMMIT, DIGESTS, first, second
from tools.verify.addresses import at_commit
from tools.verify.errors import UnverifiableError
from tools.verify.provenance import Evidence, Material, evidence, read


@pytest.mark.parametrize("form", [first(), second()], ids=["0.2", "1"])
def test_a_build_can_be_repeated(form: dict[str, Any]) -> None:
    recipe = read(form)
    assert recipe.context == f"https://git.example/shop.git#{COMMIT}:x"
    assert not recipe.claimed
    assert recipe.options == (
        "--file=api.Dockerfile",
        "--build-arg=SOURCE_DATE_EPOCH=1700000000",
        "--build-arg=package=api",
        f"--build-context=core=https://git.example/core.git#{COMMIT}",
        "--label=team=shop",
        "--target=test",
    )
    assert recipe.rights == ("--add-host=one=10.0.0.1", "--add-host=two=10.0.0.2")
    assert recipe.evidence == evidence(form)
    assert recipe.evidence.frontend == f"org/uv-frontend:1@sha256:{DIGESTS[0]}"
    assert recipe.evidence.bases == (f"python:3.13-slim@sha256:{DIGESTS[1]}",)
    assert [rule["updates"]["identifier"] for rule in recipe.policy["rules"]] == [
        f"docker-image://docker.io/org/uv-frontend:1@sha256:{DIGESTS[0]}",
        f"docker-image://docker.io/library/python:3.13-slim@sha256:{DIGESTS[1]}",
    ]


@pytest.mark.parametrize(
    ("uri", "image"),
    [
        ("pkg:docker/python@3.13-slim", "docker.io/library/python:3.13-slim"),
        ("pkg:docker/127.0.0.1:5000/a/b@1", "127.0.0.1:5000/a/b:1"),
        ("pkg:docker/localhost/b@1?platform=linux%2Farm64", "localhost/b:1"),
        ("pkg:docker/python@3.13?digest=sha256:aa&platform=linux%2Famd64", ""),
        ("pkg:docker/python?digest=sha256:aa", ""),
        ("https://files.example/a.whl", ""),
    ],
)
def test_references_of_images(uri: str, image: str) -> None:
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


def test_an_archive_is_no_commit() -> None:
    """Its digest has the length of a commit of SHA-256."""
    origin = {"uri": "https://files.example/shop.tar.gz", "digest": {"sha256": "ab" * 32}}
    assert read(first(origin=origin)).context == "https://files.example/shop.tar.gz"


def image(name: str, letters: str, query: str = "") -> dict[str, Any]:
    """A material that is an image."""
    return {"uri": f"pkg:docker/{name}{query}", "digest": {"sha256": letters * 32}}


def used(source: str, *materials: dict[str, Any]) -> Evidence:
    """What a build says that has run this frontend and read these materials."""
    arguments = {"source": source}
    return evidence({**first(parameters={"args": arguments}), "materials": list(materials)})


FRONTEND, BASE = image("org/uv-frontend@1", "c8"), image("python@3.13-slim", "f9")


@pytest.mark.parametrize(
    "source",
    ["org/uv-frontend:1", "docker.io/org/uv-frontend:1", f"org/uv-frontend:1@sha256:{'c8' * 32}"],
)
def test_the_frontend_is_known_by_each_of_its_names(source: str) -> None:
    actual = used(source, FRONTEND, BASE)
    assert actual.frontend == f"org/uv-frontend:1@sha256:{'c8' * 32}"
    assert actual.bases == (f"python:3.13-slim@sha256:{'f9' * 32}",)


def test_names_and_pins_lead_to_the_same() -> None:
    """A source policy puts a digest where the published build had a name alone."""
    pinned = image("python@3.13-slim", "f9", f"?digest=sha256:{'f9' * 32}&platform=linux%2Famd64")
    claims = used("org/uv-frontend:1", FRONTEND, BASE)
    assert list(claims.contradictions(used("org/uv-frontend:1", FRONTEND, pinned))) == []


def test_a_made_up_frontend_and_base_are_told() -> None:
    evil = image("evil", "ee", f"?digest=sha256:{'ee' * 32}")
    archive = {"uri": "https://files.example/a.whl", "digest": {"sha256": "aa" * 32}}
    claims = used("org/uv-frontend:1", FRONTEND, BASE, archive)
    rebuilt = used(
        f"evil@sha256:{'ee' * 32}",
        evil,
        image("alpine@3", "aa"),
        {**archive, "digest": {"sha256": "bb" * 32}},
    )
    assert list(claims.contradictions(rebuilt)) == [
        f"frontend: claimed org/uv-frontend:1@sha256:{'c8' * 32}, "
        f"the rebuild ran evil@sha256:{'ee' * 32}",
        f"base: claimed python:3.13-slim@sha256:{'f9' * 32}, which the rebuild did not use",
        f"base: not claimed, and the rebuild used alpine:3@sha256:{'aa' * 32}",
        f"https://files.example/a.whl: claimed sha256:{'aa' * 32}, "
        f"the rebuild read sha256:{'bb' * 32}",
    ]


def test_a_frontend_of_the_engine() -> None:
    form = first(parameters={"frontend": "dockerfile.v0", "args": {}})
    assert evidence(form).frontend == "dockerfile.v0, which is the engine's own"
