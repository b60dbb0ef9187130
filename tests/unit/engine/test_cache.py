"""What is built in the cache folder is there as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import cache
from tests.engine.client import ca_bundle, ca_secret


def test_cache_folder_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_FRONTEND_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.root() == Path("/somewhere/uv-frontend")
    ours = cache.runtime()
    monkeypatch.setenv("UV_FRONTEND_CACHE", "/elsewhere")
    assert cache.root() == Path("/elsewhere")
    assert cache.runtime() != ours


def test_sockets_have_room_in_the_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_FRONTEND_CACHE", "/" + "long/" * 40)
    assert len(str(cache.runtime() / "docker28-graph-4194304/containerd.sock")) < 80


def test_unfinished_folder_vanishes(tmp_path: Path) -> None:
    target = tmp_path / "target"

    def fail() -> None:
        with cache.building(target) as draft:
            (draft / "half").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_finished_folder_appears(tmp_path: Path) -> None:
    with cache.building(tmp_path / "target") as draft:
        (draft / "whole").touch()
        assert not (tmp_path / "target").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target/whole").exists()


def test_certificates_are_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert ca_bundle() == bundle
    assert ca_secret() == ["--secret", f"id=ca,src={bundle}"]
