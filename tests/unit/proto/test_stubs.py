"""The generated modules are those of the `.proto` files, and are cheap to load."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from llb.pb import status_pb2
from proto import generate

if TYPE_CHECKING:
    from pathlib import Path


def test_stubs_match_their_sources() -> None:
    assert generate.stale() == []


def test_a_changed_missing_or_left_over_stub_is_named(tmp_path: Path) -> None:
    for name, content in generate.stubs(generate.ROOT / generate.PACKAGE).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "caps_pb2.py").write_bytes(b"# edited by hand\n")
    (tmp_path / "stat_pb2.pyi").unlink()
    shutil.copy(tmp_path / "ops_pb2.py", tmp_path / "gone_pb2.py")

    assert generate.stale(tmp_path) == ["caps_pb2.py", "gone_pb2.py", "stat_pb2.pyi"]


def test_check_reports_by_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "module", ["gateway_pb2", "ops_pb2", "caps_pb2", "worker_pb2", "stat_pb2", "errdefs_pb2"]
)
def test_importing_a_stub_loads_neither_grpc_nor_the_compiler(module: str) -> None:
    program = (
        f"import sys, llb.pb.{module}\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('grpc', 'grpc_tools')])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=generate.ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert loaded.stdout.strip() == "[]"


def test_the_status_message_leaves_googles_name_free() -> None:
    # Two files that define google.rpc.Status cannot be in one process.
    assert status_pb2.Status.DESCRIPTOR.full_name == "llbproto.rpc.Status"
    wire = status_pb2.Status(code=2, message="no").SerializeToString()
    assert wire == b"\x08\x02\x12\x02no"
