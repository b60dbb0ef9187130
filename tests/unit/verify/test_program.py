"""The program from end to end, with a registry and an engine that only write documents."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.verify.provenances import COMMIT, first
from tools.verify import buildx
from tools.verify.__main__ import main
from tools.verify.buildx import Finished

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGE = "registry.example/shop/api:1"
_TYPE = "https://slsa.dev/provenance/v0.2"
_ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


def raw(document: Any) -> bytes:
    """A document as a registry stores it."""
    return json.dumps(document).encode()


def digest(blob: bytes) -> str:
    """The digest by which it is found."""
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def material(name: str, letters: str) -> dict[str, Any]:
    """An image that a build has read."""
    return {"uri": f"pkg:docker/{name}", "digest": {"sha256": letters * 32}}


def provenance(source: str, *materials: dict[str, Any], **arguments: str) -> dict[str, Any]:
    """The provenance of a build by a frontend."""
    form = first(parameters={"args": {"source": source, **arguments}})
    return {**form, "materials": list(materials)}


HONEST = provenance(
    "org/uv-frontend:1", material("org/uv-frontend@1", "c8"), material("python@3.13", "f9")
)


@dataclass
class World:
    """What a registry has for the image, and what an engine makes of it.

    `config` is that of the published image, `rebuilt` that of its rebuild. `attached` are the
    provenances in the rebuild's archive, and `commands` the builds that were called for.
    """

    published: Any
    attached: list[Any]
    config: dict[str, Any] = field(default_factory=dict)
    rebuilt: dict[str, Any] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str], *_: Any, **__: Any) -> Finished:
        """Stand in for docker."""
        if command[2] == "imagetools":
            return Finished(0, self._answer(command), "")
        self.commands.append(list(command))
        archive = next(w for w in command if w.startswith("--output=")).partition("dest=")[2]
        self._write(Path(archive))
        return Finished(0, b"", "")

    def _answer(self, command: Sequence[str]) -> bytes:
        if "--format" in command:
            return raw({"SLSA": self.published})
        manifest, config = _image(self.config)
        return config if command[-1].endswith(digest(config)) else manifest

    def _write(self, path: Path) -> None:
        manifest, config = _image(self.rebuilt)
        blobs = [manifest, config]
        descriptors: list[dict[str, Any]] = [{"digest": digest(manifest)}]
        statements = [raw({"predicate": each}) for each in self.attached]
        layers = [
            {"digest": digest(blob), "annotations": {"in-toto.io/predicate-type": _TYPE}}
            for blob in statements
        ]
        attestation = raw({"layers": layers})
        descriptors.append({"digest": digest(attestation), "annotations": _ATTESTATION})
        index = raw({"manifests": descriptors})
        blobs += [attestation, index, *statements]
        files = {f"blobs/{digest(blob).replace(':', '/')}": blob for blob in blobs}
        files["index.json"] = raw({"manifests": [{"digest": digest(index)}]})
        with tarfile.open(path, "w") as tar:
            for name, blob in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(blob)
                tar.addfile(member, io.BytesIO(blob))


def _image(settings: dict[str, Any]) -> tuple[bytes, bytes]:
    """A manifest and its configuration."""
    platform = {"os": "linux", "architecture": "amd64"}
    config = raw({**platform, "rootfs": {"diff_ids": []}, "config": settings})
    return raw({"config": {"digest": digest(config)}, "layers": []}), config


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The program in a world; its exit code and what it has printed."""

    def run(world: World, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(buildx, "run", world.run)
        code = main([IMAGE, *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_same_image(verify: Any) -> None:
    world = World(HONEST, [HONEST])
    code, out, err = verify(world)
    assert code == 0, err
    assert out.splitlines()[1:4] == [
        f"source    https://git.example/shop.git#{COMMIT}:x",
        f"frontend  org/uv-frontend:1@sha256:{'c8' * 32}",
        f"base      python:3.13@sha256:{'f9' * 32}",
    ]
    assert out.splitlines()[-1] == "verified: the same manifest, to the last byte"
    (command,) = world.commands
    assert command[-2:] == ["--", f"https://git.example/shop.git#{COMMIT}:x"]


def test_a_frontend_that_was_not_the_one_that_is_claimed(verify: Any) -> None:
    """The image is what the build makes, and the build was another one than its provenance says."""
    evil = material("evil", "ee")
    actual = provenance(f"evil@sha256:{'ee' * 32}", evil, material("python@3.13", "f9"))
    code, out, _ = verify(World(HONEST, [actual]))
    assert code == 1
    assert f"frontend  evil@sha256:{'ee' * 32}\n" in out
    assert f"frontend  org/uv-frontend:1@sha256:{'c8' * 32}" not in out
    assert "provenance: frontend: claimed org/uv-frontend:1@sha256:c8c8" in out
    assert "provenance is NOT that of the rebuild" in out.splitlines()[-1]


def test_a_frontend_that_attaches_a_provenance_of_its_own(verify: Any) -> None:
    code, _, err = verify(World(HONEST, [HONEST, HONEST]))
    assert code == 2
    assert "the rebuild has 2 provenances, and the engine writes one" in err


def test_a_difference_where_an_option_was_not_repeated(verify: Any) -> None:
    """It may come from there, so it proves nothing."""
    published = provenance(
        "org/uv-frontend:1", *HONEST["materials"], **{"force-network-mode": "host"}
    )
    world = World(published, [HONEST], rebuilt={"User": "app"})
    code, out, err = verify(world)
    assert code == 2
    assert "configuration: config.User: published nothing, rebuilt 'app'" in out
    assert err.splitlines()[-1].endswith("-- --network=host")
    code, out, _ = verify(world, "--cache", "--", "--network=default")
    assert code == 1
    assert out.splitlines()[-1].startswith("not verified: ")
    assert verify(World(published, [HONEST]))[0] == 0


def test_what_the_image_says_stays_text(verify: Any) -> None:
    escape = "\x1b]0;owned\x07\u202e"
    code, out, _ = verify(World(HONEST, [HONEST], config={f"A{escape}": escape}))
    assert code == 1
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "config.A�]0;owned��: published" in out


@pytest.mark.parametrize(
    "malformed",
    [
        {"buildDefinition": {"x": 1}},
        {**HONEST, "invocation": {"parameters": {"args": []}}},
        {**HONEST, "materials": 1},
        [],
        1,
    ],
)
def test_a_provenance_that_cannot_be_read(verify: Any, malformed: Any) -> None:
    world = World(malformed, [HONEST])
    code, _, err = verify(world)
    assert code == 2
    assert err.startswith("cannot be verified: ")
    assert "fault of this program" not in err
    assert world.commands == []


def test_a_fault_of_the_program_is_no_verdict(verify: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.verify.comparison.judge", lambda *_: 1 / 0)
    code, _, err = verify(World(HONEST, [HONEST]))
    assert code == 2
    assert "ZeroDivisionError" in err
