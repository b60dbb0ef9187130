"""Mistakes are found where they are made, with a message that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llb
from tests.unit.llb.cases import BASE, CONTEXT, SHA

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = llb.Bind("/", BASE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: llb.run([], mounts=[ROOT]), "needs a command"),
        (lambda: llb.run("true", mounts=[ROOT]), "a list of arguments"),
        (lambda: llb.run(["x"], mounts=[]), "a Bind or a Writable mount at /"),
        (lambda: llb.run(["x"], mounts=[llb.Writable("/a")]), "Bind or a Writable mount at /"),
        (lambda: llb.run(["x"], mounts=[ROOT, llb.Writable("/")]), "two mounts at /"),
        (
            lambda: llb.run(["x"], mounts=[ROOT, llb.Tmpfs("/a"), llb.Secret("/a", "s")]),
            "two mounts at /a",
        ),
        (lambda: llb.run(["x"], mounts=[ROOT], cwd="a"), "the working directory must be an abs"),
        (lambda: llb.run(["x"], mounts=[ROOT], env={"A=": "b"}), "not a name of an environment"),
        (lambda: llb.run(["x"], mounts=[ROOT], env={"": "b"}), "not a name of an environment"),
        (
            lambda: llb.run(["x"], mounts=[ROOT], env=[("A", "1"), ("A", "2")]),
            "variable A is set twice",
        ),
        (
            lambda: llb.run(
                ["x"], mounts=[ROOT], env={"A": "1"}, secret_env=[llb.SecretEnv("A", "a")]
            ),
            "variable A is set twice",
        ),
        (lambda: llb.run(["x"], mounts=[ROOT], valid_exit_codes=[256]), "between 0 and 255"),
        (lambda: llb.Bind("a", BASE), "target of a mount must be an absolute path"),
        (lambda: llb.Bind("/a/", BASE), "is written '/a', not '/a/'"),
        (lambda: llb.Discarded("/"), "root filesystem is a Bind or a Writable"),
        (lambda: llb.Cache("/", "x"), "root filesystem is a Bind or a Writable"),
        (lambda: llb.Cache("/a", ""), "cache at /a needs an id"),
        (lambda: llb.Tmpfs("/"), "root filesystem is a Bind or a Writable"),
        (lambda: llb.Tmpfs("/a", 0), "not positive"),
        (lambda: llb.Secret("/", "x"), "root filesystem is a Bind or a Writable"),
        (lambda: llb.Secret("/a", ""), "secret at /a needs an id"),
        (lambda: llb.Ssh("/"), "root filesystem is a Bind or a Writable"),
        (lambda: llb.files(BASE), "at least one action"),
        (
            lambda: llb.files(llb.SCRATCH, llb.Mkdir("/a", owner=llb.Owner("app"))),
            "given by number",
        ),
        (lambda: llb.Copy(CONTEXT, "a", "/b"), "source of a copy must be an absolute path"),
        (lambda: llb.Copy(CONTEXT, "/a", "b"), "target of a copy must be an absolute path"),
        (lambda: llb.Copy(CONTEXT, "/a", "/b", mode=0o10000), "permission bits"),
        (lambda: llb.Copy(CONTEXT, "/a", "/b", include="*.py"), "a list of patterns"),  # type: ignore[arg-type]
        (lambda: llb.Copy(CONTEXT, "/a", "/b", required=("x",)), "give include"),
        (lambda: llb.Copy(CONTEXT, "/a", "/b", allow_empty_wildcard=True), "with wildcard only"),
        (lambda: llb.Mkfile("a", b""), "path of a file must be an absolute path"),
        (lambda: llb.Mkfile("/a", b"", mode=0o1777), "permission bits"),
        (lambda: llb.Mkdir("a"), "path of a directory must be an absolute path"),
        (lambda: llb.Mkdir("/a", mode=-1), "permission bits"),
        (lambda: llb.Rm("a"), "path to remove must be an absolute path"),
        (lambda: llb.Rm("/"), "cannot be removed"),
        (lambda: llb.Symlink("", "/a"), "needs a target"),
        (lambda: llb.Symlink("/a", "b"), "path of a symbolic link must be an absolute path"),
        (lambda: llb.Owner(-1), "between 0 and"),
        (lambda: llb.Owner(0, 1 << 32), "between 0 and"),
        (lambda: llb.Owner(""), "owner is empty"),
        (lambda: llb.image("No Name"), "image"),
        (lambda: llb.image("a", checksum="sha256:12"), "not a checksum"),
        (lambda: llb.image("a", layer_limit=-1), "not negative"),
        (lambda: llb.oci_layout("a:1"), "named by digest"),
        (lambda: llb.local(""), "needs the name"),
        (lambda: llb.local("c", include="*.py"), "a list of patterns"),
        (lambda: llb.local("c", metadata_only_except=["a"]), "in spite of metadata_only"),
        (lambda: llb.git("https://h/p.git#main"), "'#main' does not belong"),
        (lambda: llb.git("git@h:p.git?ref=x"), "'.ref=x' does not belong"),
        (lambda: llb.git("ftp://h/p.git"), "not ftp"),
        (lambda: llb.git("https:///p"), "not the address of a git repository"),
        (lambda: llb.git("https://h/p", fetch_by_commit=True), "needs the commit"),
        (lambda: llb.http("ftp://h/p"), "not an HTTP address"),
        (lambda: llb.http("https://h/p", filename="a/b"), "has a slash"),
        (lambda: llb.http("https://h/p", mode=0), "permission bits"),
        (lambda: llb.http("https://h/p", uid=-1), "not negative"),
        (lambda: llb.source("nonsense"), "<scheme>://<name>"),
    ],
)
def test_a_mistake_is_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_outputs_that_do_not_exist() -> None:
    step = llb.run(
        ["x"], mounts=[ROOT, llb.Writable("/out"), llb.Tmpfs("/tmp"), llb.Writable("/b")]
    )
    assert step.output("/b").index == 0
    assert step.output("/out").index == 1
    assert step.digest == step.output("/out").digest
    with pytest.raises(LookupError, match="the mount at /tmp has no output"):
        step.output("/tmp")
    with pytest.raises(LookupError, match="the mount at / has no output"):
        step.output()
    with pytest.raises(LookupError, match="no mount at /x; the outputs are /b, /out"):
        step.output("/x")
    with pytest.raises(LookupError, match="the outputs are none"):
        llb.run(["x"], mounts=[ROOT]).output("/x")


def test_the_order_of_mounts_does_not_matter_to_the_digest() -> None:
    mounts: list[llb.Mount] = [
        ROOT,
        llb.Writable("/out"),
        llb.Tmpfs("/tmp"),
        llb.Secret("/s", "s"),
    ]
    one = llb.run(["x"], mounts=mounts)
    two = llb.run(["x"], mounts=list(reversed(mounts)))
    assert one.output("/out") == two.output("/out")


def test_combining_with_nothing() -> None:
    assert llb.merge() == llb.SCRATCH
    assert llb.merge(llb.SCRATCH, llb.SCRATCH) == llb.SCRATCH
    assert llb.merge(llb.SCRATCH, BASE) is BASE
    assert llb.diff(llb.SCRATCH, BASE) is BASE
    assert llb.diff(llb.SCRATCH, llb.SCRATCH) == llb.SCRATCH
    assert llb.diff(BASE, llb.SCRATCH) != llb.SCRATCH


def test_owners_by_text() -> None:
    assert llb.Owner.parse("root") == llb.Owner(0)
    assert llb.Owner.parse("1000:staff") == llb.Owner(1000, "staff")
    assert llb.Owner.parse("app:root") == llb.Owner("app", 0)


def test_any_other_source() -> None:
    blob = llb.source(
        f"docker-image+blob://example.com/x@{SHA}",
        {"http.filename": "f"},
        required=["source.imageblob"],
    )
    assert blob.vertex.required == {"source.imageblob"}
    assert blob.vertex.title == f"docker-image+blob://example.com/x@{SHA}"
