"""The start of the name server that containers ask."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine import EngineUnavailable, daemon
from tests.engine.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def serve_names(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Start it with a script in its place."""
    (folder / "server").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "server").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "server"))
    return daemon.Daemon(folder, folder / "run")._serve_names("127.0.0.1")


@pytest.fixture(autouse=True)
def ended(tmp_path: Path) -> Iterator[None]:
    yield
    if left := Process.load(tmp_path / "names.json"):
        left.end(grace=1)


def test_name_server_that_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serve_names(tmp_path, "echo ready; exec sleep 60", monkeypatch)


def test_port_that_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "echo 'OSError: address already in use'; sleep 0.2; exit 1"
    assert not serve_names(tmp_path, script, monkeypatch)


def test_name_server_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_NAMES_PATIENCE", 0.5)
    with pytest.raises(EngineUnavailable, match=r"not ready after 0\.5 s; it says\nstarting"):
        serve_names(tmp_path, "echo starting; exec sleep 60", monkeypatch)
    assert Process.load(tmp_path / "names.json") is None
