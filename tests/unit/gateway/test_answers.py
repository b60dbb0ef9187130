"""The tests' gateway answers as a real BuildKit did."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.gateway import BUILDKIT_0_25_CONTAINERD, GatewayServer
from tests.unit.gateway import asking

HERE = Path(__file__).parent


def test_local_sources_and_file_operations(tmp_path: Path) -> None:
    context = tmp_path / "context"
    asking.prepare(context)
    with GatewayServer(context=context, profile=BUILDKIT_0_25_CONTAINERD) as server:
        written = tmp_path / "answers.json"
        outcome = server.run(
            [sys.executable, "-m", "tests.unit.gateway.asking"], env={asking.FILE: str(written)}
        )
    assert outcome.failure is None
    answers = json.loads(written.read_text())
    assert answers == json.loads((HERE / "answers.json").read_text())
