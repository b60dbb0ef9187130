"""A published image is built again from its commit: it is the same, or it is told what differs."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from tests.contexts.shop import git
from tests.docs.pages import Page
from tests.verify.conftest import Shop, move, verify
from tools.verify.comparison import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Engines
    from tests.engine import Engine

PAGE = Page("docs/verify.md")
MAX = "--provenance=mode=max"
_INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def published(docker28: Engine, shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of the shop, by its digest, and one of other files. Then the names move on."""
    label = "--label=team=shop"
    name = shop.publish(docker28, "1", f"{shop.repository}#main", MAX, label)
    image = f"{name}@{_digest(docker28, name)}"
    folder = shutil.copytree(shop.folder, tmp_path_factory.mktemp("forged") / "shop")
    (folder / "services/api/main.py").write_text("print('mine now')\n")
    shop.publish(docker28, "forged", folder, "--provenance=false", label)
    move(docker28, shop.base, "second")
    move(docker28, shop.frontend, "another")
    return image


def test_on_a_fresh_engine_to_the_last_byte(engines: Engines, published: str, shop: Shop) -> None:
    """By names alone it would be another base and no frontend at all."""
    with engines.another("docker28", "verify") as fresh:
        done = verify(fresh, published, *_trusted(shop))
    assert done.returncode == 0, done.stderr
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    shown = next(block.text for block in PAGE.blocks if "\nverified: " in block.text)
    assert list(said) == [line.split()[0] for line in shown.splitlines()]
    assert said["verified:"] == "the same manifest, to the last byte"
    assert said["source"] == f"{shop.repository}#{git(shop.folder, 'rev-parse', 'HEAD')}"
    assert said["frontend"].startswith(f"{shop.frontend}@sha256:")
    assert said["base"].startswith(f"{shop.base}@sha256:")
    assert said["rebuilt"] in said["image"]


def test_on_an_engine_of_another_version(engines: Engines, published: str, shop: Shop) -> None:
    """Docker 26 and 28 compress differently, so the digests of the files in a registry differ."""
    done = verify(engines.get("docker26"), published, *_trusted(shop))
    assert done.returncode == 0, done.stderr
    # Which of the two is Debian's choice: of engines that compress alike the bytes are the same.
    assert f"verified: {Verdict.SAME_CONTENTS.value}" in done.stdout or "last byte" in done.stdout


def test_a_changed_file_is_named(docker28: Engine, published: str, shop: Shop) -> None:
    """An image with the provenance of another one."""
    forged = _attach(docker28, f"{published.rpartition(':1@')[0]}:forged", published)
    done = verify(docker28, forged, *_trusted(shop))
    assert done.returncode == 1, done.stderr
    # All that is said after the digest; and the page shows just this.
    _, _, told = done.stdout.partition("rebuilt ")
    shown = next(block.text for block in PAGE.blocks if "not verified" in block.text)
    assert told.splitlines()[1:] == shown.splitlines()


def test_what_cannot_be_verified(
    docker28: Engine, shop: Shop, published: str, tmp_path: Path
) -> None:
    """Each tells what is missing."""
    pins = [
        f"--build-arg=BUILDKIT_SYNTAX={_material(docker28, published, shop.frontend)}",
        f"--build-arg=base={_material(docker28, published, shop.base)}",
    ]

    def refused(context: str | Path, *options: str) -> str:
        image = shop.publish(docker28, "refused", context, *pins, *options)
        done = verify(docker28, image)
        assert done.returncode == 2, done.stdout
        return done.stderr

    assert "the image has no provenance" in refused(shop.repository, "--provenance=false")
    assert "written with mode=min" in refused(shop.repository, "--provenance=mode=min")
    said = refused(shop.repository, MAX, f"--build-context=core={shop.folder / 'libs/core'}")
    assert "contexts that only the machine had that built it: core" in said
    folder = shutil.copytree(shop.folder, tmp_path / "shop")
    assert "does not tell the repository" in refused(folder, MAX)
    shutil.rmtree(folder / ".git")
    assert "the provenance does not tell its commit" in refused(folder, MAX)


def test_a_provenance_that_names_files_of_this_machine(
    docker28: Engine, shop: Shop, published: str, tmp_path: Path
) -> None:
    """The registry's answers are forged, and no build is started."""
    (tmp_path / "key").write_text("secret of the machine")
    for change in (
        {"context:loot": str(tmp_path)},
        {"context:loot": "https://git.example/a.git", "build-arg:a=b": "c"},
    ):
        done = verify(docker28, _forge(docker28, published, change), *_trusted(shop))
        assert done.returncode == 2, done.stdout
        assert done.stderr.count("\n") <= 2, done.stderr
    assert "the name of a build-arg cannot be read" in done.stderr


def test_the_frontend_is_told_from_the_rebuild(
    docker28: Engine, shop: Shop, published: str
) -> None:
    """The provenance claims another frontend than the one that its own arguments lead to."""
    real = _material(docker28, published, shop.frontend)
    forged = _forge(docker28, published, {"build-arg:BUILDKIT_SYNTAX": real}, "org/honest:1")
    done = verify(docker28, forged, *_trusted(shop))
    assert done.returncode == 1, done.stderr
    assert f"frontend  {real}\n" in done.stdout
    assert "provenance: frontend: claimed org/honest:1" in done.stdout


def test_a_directory_at_a_commit(
    docker28: Engine, shop: Shop, published: str, tmp_path: Path
) -> None:
    """The client says which commit it was, and may be wrong: what it leads to is compared."""
    folder = shutil.copytree(shop.folder, tmp_path / "shop")
    git(folder, "remote", "add", "origin", shop.repository)
    pins = [
        f"--build-arg=BUILDKIT_SYNTAX={_material(docker28, published, shop.frontend)}",
        f"--build-arg=base={_material(docker28, published, shop.base)}",
    ]
    image = shop.publish(docker28, "directory", folder, f"{MAX},version=v1", *pins)
    done = verify(docker28, image, *_trusted(shop))
    assert done.returncode == 0, done.stderr
    assert "as the client said that built it" in done.stdout
    # The same commit is claimed for other files.
    (folder / "libs/core/__init__.py").write_text("NAME = 'another core'\n")
    image = shop.publish(docker28, "directory", folder, MAX, *pins)
    done = verify(docker28, image, *_trusted(shop))
    assert done.returncode == 1, done.stderr
    assert "layer 4 of 5: member: core" in done.stdout


def _trusted(shop: Shop) -> tuple[str, ...]:
    """What only the verifier can allow: a repository over plain HTTP, the machine's network."""
    return "--repository", shop.repository, "--", "--network=host"


def _digest(engine: Engine, image: str) -> str:
    return _hash(engine.docker("buildx", "imagetools", "inspect", "--raw", image).stdout)


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _material(engine: Engine, image: str, name: str) -> str:
    """What the build of an image took for a name: the name with its digest."""
    form = ["--format", "{{json .Provenance.SLSA.materials}}"]
    said = engine.docker("buildx", "imagetools", "inspect", *form, image).stdout
    materials: list[dict[str, Any]] = json.loads(said)
    path, _, tag = name.partition(":")
    uri = f"pkg:docker/{path}@{tag}"
    digest = next(m["digest"]["sha256"] for m in materials if m["uri"].partition("?")[0] == uri)
    return f"{name}@sha256:{digest}"


def _attach(engine: Engine, image: str, other: str) -> str:
    """Attach to an image what is attached to another one, and return the name of both."""
    read = ["buildx", "imagetools", "inspect", "--raw"]
    manifest = engine.docker(*read, image).stdout
    digest = _hash(manifest)
    index = json.loads(engine.docker(*read, other).stdout)
    for descriptor in index["manifests"]:
        if "annotations" in descriptor:
            descriptor["annotations"]["vnd.docker.reference.digest"] = digest
        else:
            descriptor |= {"digest": digest, "size": len(manifest)}
            descriptor["mediaType"] = json.loads(manifest)["mediaType"]
    return _put(image, index, "attached")


def _forge(engine: Engine, image: str, change: dict[str, str], frontend: str = "") -> str:
    """Attach to an image its own provenance with other arguments, and return the name of both."""
    read = ["buildx", "imagetools", "inspect", "--raw"]
    repository = image.rpartition(":1@")[0]
    index = json.loads(engine.docker(*read, image).stdout)
    (descriptor,) = [entry for entry in index["manifests"] if "annotations" in entry]
    manifest = json.loads(engine.docker(*read, f"{repository}@{descriptor['digest']}").stdout)
    (layer,) = [
        entry
        for entry in manifest["layers"]
        if "slsa.dev/provenance" in entry["annotations"]["in-toto.io/predicate-type"]
    ]
    host, _, path = repository.partition("/")
    with _send(f"http://{host}/v2/{path}/blobs/{layer['digest']}", "GET", None, "") as answer:
        statement = json.loads(answer.read())
    arguments = statement["predicate"]["invocation"]["parameters"]["args"]
    arguments |= change | ({"source": frontend} if frontend else {})
    blob = json.dumps(statement).encode()
    layer |= {"digest": _hash(blob.decode()), "size": len(blob)}
    with _send(f"http://{host}/v2/{path}/blobs/uploads/", "POST", b"", "") as answer:
        place = urljoin(f"http://{host}", answer.headers["Location"])
    joint = "&" if "?" in place else "?"
    _send(
        f"{place}{joint}digest={layer['digest']}", "PUT", blob, "application/octet-stream"
    ).close()
    text = json.dumps(manifest)
    descriptor |= {"digest": _hash(text), "size": len(text)}
    _put(f"{repository}:1", manifest, descriptor["digest"], descriptor["mediaType"])
    return _put(f"{repository}:1", index, "lies")


def _put(image: str, manifest: dict[str, Any], tag: str, kind: str = _INDEX) -> str:
    """Store a manifest beside an image, and return its name."""
    host, _, path = image.partition("/")
    url = f"http://{host}/v2/{path.partition(':')[0]}/manifests/{tag}"
    _send(url, "PUT", json.dumps(manifest).encode(), kind).close()
    return f"{image.rpartition(':')[0]}:{tag}"


def _send(url: str, method: str, body: bytes | None, kind: str) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(request, timeout=60)
