"""A provenance is its publisher's to write: nothing of it opens the machine that verifies."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.verify.provenances import COMMIT, DIGESTS, first, second
from tools.verify import buildx, documents, images
from tools.verify.__main__ import Settings, ask_for_secrets, not_given, rebuild_options
from tools.verify.addresses import at_commit
from tools.verify.errors import UnverifiableError
from tools.verify.provenance import Recipe, evidence, read
from tools.verify.text import printable

ARCHIVE = Path("/tmp/verify/rebuilt.tar")
VICTIM = "/home/victim"
LOCALS = {"locals": [{"name": "context"}, {"name": "dockerfile"}]}


def arguments(**extra: str) -> dict[str, Any]:
    """A provenance with more of the frontend's options; `__` stands for `:` and `_` for `-`."""
    names = {name.replace("__", ":").replace("_", "-"): value for name, value in extra.items()}
    return first(parameters={"args": {"build-arg:package": "api", **names}})


def named(name: str, value: str) -> dict[str, Any]:
    """A provenance with one more option of the frontend."""
    return first(parameters={"args": {name: value}})


def origin(uri: str, **digest: str) -> dict[str, Any]:
    """A provenance of a context that the engine has fetched."""
    return first(origin={"uri": uri, "digest": digest or {"sha1": COMMIT}})


def checkout(**about: str) -> dict[str, Any]:
    """A provenance of a folder whose commit the client has named."""
    repository = {"revision": COMMIT, "source": "https://git.example/shop.git", **about}
    return first(origin={}, parameters=LOCALS, vcs=repository)


def command(recipe: Recipe, *options: str) -> list[str]:
    """The words of the rebuild."""
    settings = Settings(options=options)
    return buildx.build_command(
        rebuild_options(recipe, "linux/amd64", ARCHIVE, settings), recipe.context
    )


@pytest.mark.parametrize(
    "form",
    [
        # Folders and files of the machine, by each way that leads to buildx.
        named("context:loot", f"{VICTIM}/.ssh"),
        named("context:loot", "."),
        named("context:loot", "~/.ssh"),
        named("context:loot", "file:///home/victim"),
        named("context:loot", "oci-layout:///home/victim/layout"),
        named("context:loot", "target:base"),
        named("context:loot", "input:base"),
        named("context:loot", "local:base"),
        named("context:loot", "-"),
        named("context:loot", "HTTPS:/home"),
        named("context:loot", "docker-image://../../home/victim"),
        named("context:loot", "docker-image://a b"),
        named("context:loot", "https:/home/victim"),
        named("context:loot", "https:///home/victim"),
        named("context:loot", "https://git.example/shop.git\n--output=/"),
        named("context:loot", "http://127.0.0.1:9200/_search"),
        named("context:loot", "ssh://-oProxyCommand=touch/x.git"),
        named("context:loot", "git@-oProxyCommand=touch:x.git"),
        named("context:loot", "git@git.example:--upload-pack=touch"),
        # buildx takes the first `=` for the end of the name.
        named(f"context:loot={VICTIM}/.ssh#", "https://git.example/a.git"),
        named("context:", "https://git.example/a.git"),
        origin(VICTIM, sha256="not a commit"),
        origin(VICTIM),
        origin(f"{VICTIM}/.git"),
        origin("."),
        origin("file:///home/victim/shop.git"),
        origin("https://git.example/shop.git", sha1="main"),
        origin("https://git.example/shop.git", sha1=f"{COMMIT}:../.."),
        origin("http://git.example/shop.git"),
        checkout(source=VICTIM),
        checkout(source=f"https://git.example/a.git#{COMMIT}:x?y"),
        checkout(source="--metadata-file=/home/victim/.bashrc"),
        checkout(revision="main"),
        checkout(revision=f"{COMMIT}\n"),
        checkout(**{"localdir:context": "../..", "localdir:dockerfile": "../.."}),
        # Options in the context's place.
        origin("--metadata-file=/home/victim/.bashrc"),
        origin("--metadata-file=https://git.example/shop.git"),
        origin("-"),
        # buildx opens a build file by itself if its path is absolute.
        first(origin={**first()["invocation"]["configSource"], "entryPoint": f"{VICTIM}/.netrc"}),
        first(origin={**first()["invocation"]["configSource"], "entryPoint": "../.netrc"}),
        first(origin={**first()["invocation"]["configSource"], "entryPoint": "-"}),
        first(origin={**first()["invocation"]["configSource"], "entryPoint": "C:/Users/victim"}),
        first(origin={**first()["invocation"]["configSource"], "entryPoint": "https://evil/x"}),
        # Names with a `=`, which is where a value begins.
        named("build-arg:a=b", "c"),
        named("build-arg:", "c"),
        named("label:a=b", "c"),
        # What the recommended command would say.
        named("add-hosts", "$(id)=10.0.0.1"),
        named("force-network-mode", "host --allow=security.insecure"),
        named("cgroup-parent", "--privileged"),
        named("shm-size", "1;id"),
        named("ulimit", "nofile=1 --secret=x"),
        named("secret:aws", "x"),
        # What no program can be given.
        named("build-arg:a", "b\0c"),
        named("build-arg:a", "\ud800"),
        named("build-arg:a", "b" * 200_000),
    ],
)
def test_refused(form: dict[str, Any]) -> None:
    with pytest.raises(UnverifiableError) as refusal:
        read(form)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "identifier",
    [
        f"aws,src={VICTIM}/.aws/credentials",
        'a"b',
        "a'b",
        "a b",
        "a\nb",
        "a=b",
        "-a",
        "",
        "a\x1b[2J",
    ],
)
@pytest.mark.parametrize("kind", ["secrets", "ssh"])
def test_no_secret_is_recommended_by_a_name_that_says_more(kind: str, identifier: str) -> None:
    with pytest.raises(UnverifiableError, match="no id of a secret"):
        read(first(parameters={kind: [{"id": identifier}]}))


def test_rights_are_the_verifiers_to_give() -> None:
    form = arguments(
        force_network_mode="host",
        add_hosts="one=10.0.0.1,two=10.0.0.2",
        ulimit="nofile=1:2",
        shm_size="67108864",
        cgroup_parent="/docker/x",
    )
    recipe = read(form)
    words = command(recipe)
    rights = ("--network", "--add-host", "--ulimit", "--shm-size", "--cgroup-parent")
    assert not [word for word in words if word.startswith(rights)]
    assert not_given(recipe, []) == [
        "--add-host=one=10.0.0.1",
        "--add-host=two=10.0.0.2",
        "--cgroup-parent=/docker/x",
        "--network=host",
        "--shm-size=67108864",
        "--ulimit=nofile=1:2",
    ]
    given = ["--network", "default", "--add-host=one=10.0.0.9", "--ulimit=nofile=1", "--shm-size=1"]
    assert not_given(recipe, given) == ["--cgroup-parent=/docker/x"]


def test_the_context_is_no_option_and_comes_last() -> None:
    words = command(read(first()), "--network=host")
    assert words[:4] == ["docker", "buildx", "build", "--progress=plain"]
    assert words[-3:] == ["--network=host", "--", f"https://git.example/shop.git#{COMMIT}:x"]
    assert words.count("--") == 1
    assert "--provenance=mode=max" in words
    assert all(word.startswith("--") for word in words[4:-1])


def test_an_address_that_is_a_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """buildx would send the folder."""
    (tmp_path / "https:/git.example").mkdir(parents=True)
    (tmp_path / f"https:/git.example/shop.git#{COMMIT}:x").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnverifiableError, match="may be a file of this machine"):
        read(first())


@pytest.mark.parametrize(
    "address", [VICTIM, ".", "-", "--metadata-file=x", "https://git.example/shop.git#main"]
)
def test_the_verifiers_own_repository_is_one(address: str) -> None:
    with pytest.raises(UnverifiableError, match="--repository is"):
        read(first(), address)


def test_the_verifier_may_trust_plain_http() -> None:
    form = origin("http://git.example/shop.git#main")
    recipe = read(form, "http://git.example/shop.git")
    assert recipe.context == f"http://git.example/shop.git#{COMMIT}"


def test_accepted_named_contexts() -> None:
    for value in (
        "docker-image://python:3.13-slim",
        f"docker-image://registry.example:5000/a/b:1@sha256:{DIGESTS[0]}",
        "https://files.example/core.tar.gz",
        "ssh://git@git.example:2222/core.git#main",
        "git@git.example:core.git",
    ):
        (option,) = read(named("context:core", value)).options[1:]
        assert option == f"--build-context=core={value}"


def test_recommended_commands_are_for_a_shell() -> None:
    recipe = read(first(parameters={"secrets": [{"id": "token"}], "ssh": [{"id": "deploy"}]}))
    with pytest.raises(UnverifiableError) as refusal:
        ask_for_secrets(recipe, ["--secret=id=tok,src=x", "--secret", "src=token"])
    assert refusal.value.remedy.endswith("-- --secret id=token,src=FILE --ssh deploy")
    ask_for_secrets(recipe, ["--secret", "type=file,id=token,src=x", "--ssh=deploy=/run/agent"])


@pytest.mark.parametrize(
    "change",
    [
        {"buildDefinition": {"x": 1}},
        {"buildDefinition": 1},
        {"buildDefinition": {"externalParameters": []}},
        {"invocation": {"parameters": {"args": []}}},
        {"invocation": {"parameters": {"args": {"build-arg:a": 1}}}},
        {"invocation": {"configSource": {"digest": ["x"]}}},
        {"materials": [1]},
        {"materials": [{"uri": 1, "digest": {"sha256": "aa"}}]},
        {"materials": [{"uri": "pkg:docker/a@1", "digest": {"sha256": "aa"}}]},
        {"materials": [{"uri": "pkg:docker/A B@1", "digest": {"sha256": "aa" * 32}}]},
        {"metadata": {"completeness": {"parameters": "yes"}}},
    ],
)
def test_wrong_kinds(change: dict[str, Any]) -> None:
    with pytest.raises(UnverifiableError):
        read({**first(), **change})


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[",
        b"[]",
        b"1",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"a": ' * 200 + b"1" + b"}" * 200,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_unreadable_documents(raw: bytes) -> None:
    with pytest.raises(UnverifiableError, match=r"it cannot be read|cannot be read"):
        documents.parse(raw, "it")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
HOSTILE = st.sampled_from(
    [
        VICTIM,
        "--output=/home/victim",
        "-",
        "a,src=/home/victim",
        "\x1b]0;x\x07",
        "\ud800",
        "https://u:p@[::1",
        "https://git.example/a.git#x:../..",
        "9" * 5000,
        "context:a=/b",
        f"{COMMIT}-dirty",
        "pkg:docker/%00@1",
        "host",
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values within a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    paths = [path]
    for key, item in inner:
        paths += places(item, (*path, key)) if isinstance(item, dict | list) else [(*path, key)]
    return paths


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    """A provenance in which some values, or names, are others."""
    form = copy.deepcopy(draw(st.sampled_from([first(), second()])))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(form)))
        if not path:
            continue
        outer: Any = form
        for key in path[:-1]:
            outer = outer[key]
        if isinstance(outer, dict) and draw(st.booleans()):
            outer[draw(HOSTILE | st.text(max_size=10))] = outer[path[-1]]
        outer[path[-1]] = draw(HOSTILE | JSON)
    return form


REMOTE = ("https://", "ssh://", "git://", "docker-image://")


def safe(word: str) -> bool:
    """Whether a word is an option that a provenance may lead to, and no path of this machine."""
    name, _, value = word.partition("=")
    if name == "--build-context":
        address = value.partition("=")[2]
        return address.startswith(REMOTE) or bool(re.match(r"\w+@\w", address))
    if name == "--file":
        return not value.startswith(("/", "-")) and ".." not in value.split("/")
    return name in ("--build-arg", "--label", "--target") and "=" in word


@given(mutations())
def test_nothing_else_is_raised_for_mutations(form: Any) -> None:
    with suppress(UnverifiableError):
        recipe = read(form)
        assert all(safe(word) for word in recipe.options)
        assert recipe.context.startswith(("https://", "ssh://", "git://")) or "@" in recipe.context
        assert list(recipe.evidence.contradictions(recipe.evidence)) == []
        json.dumps(recipe.policy).encode()
        for word in command(recipe):
            assert "\0" not in word
            word.encode()


@given(JSON)
def test_nothing_else_is_raised_for_any_document(document: Any) -> None:
    with pytest.raises(UnverifiableError):
        read(document)
    with suppress(UnverifiableError):
        evidence(document)


@given(st.text(), st.text(max_size=50))
def test_any_address(address: str, commit: str) -> None:
    at_commit(address, commit)
    try:
        recipe = read(origin(address))
    except UnverifiableError:
        return
    assert recipe.context.startswith(("https://", "ssh://", "git://")) or "@" in recipe.context


@given(st.text())
def test_whatever_is_printed_stays_on_its_line(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert len(shown) <= 2000


@given(config=JSON, manifest=JSON, provenance=JSON, descriptor=JSON)
def test_nothing_else_is_raised_for_whatever_a_registry_answers(
    config: Any, manifest: Any, provenance: Any, descriptor: Any
) -> None:
    image = _stored({"config": {"digest": _digest(_stored(config))}, "layers": manifest})
    index = {"manifests": [{"digest": _digest(image)}, {"annotations": descriptor}]}
    for top in (manifest, {"config": manifest}, image, index):
        raw = top if isinstance(top, bytes) else _stored(top)
        answers = {_digest(blob): blob for blob in (raw, image, _stored(config))}
        with pytest.MonkeyPatch.context() as patch, suppress(UnverifiableError):
            patch.setattr(
                buildx,
                "inspect",
                lambda name, form, *_, raw=raw, answers=answers: (
                    _stored(provenance)
                    if form == "--format"
                    else answers.get(name.partition("@")[2], raw)
                ),
            )
            for published in images.published("registry.example/shop/api:1"):
                assert re.fullmatch(r"[a-z0-9/._]+", published.platform)


def _stored(document: Any) -> bytes:
    return json.dumps(document).encode()


def _digest(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
