"""The tests' gateway is as strict as BuildKit where a frontend could go wrong."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.gateway import (
    BUILDKIT_0_8,
    BUILDKIT_0_25_CONTAINERD,
    BUILDKIT_0_25_GRAPHDRIVER,
    Block,
    Exec,
    GatewayServer,
    Image,
    Profile,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.gateway.conftest import Drive

_RAW = """\
from frontend.gateway import transport
connection = transport.connect()
import os
from frontend.gateway.bridge import Bridge
from llb.pb import gateway_pb2 as pb
bridge = Bridge(connection)
{body}
os._exit(0)
"""


def raw(server: GatewayServer, body: str) -> str | None:
    return server.run([sys.executable, "-c", _RAW.format(body=body)]).failure


@pytest.mark.parametrize(
    ("profile", "llb", "frontend"),
    [
        (BUILDKIT_0_8, 42, 17),
        (BUILDKIT_0_25_CONTAINERD, 76, 24),
        (BUILDKIT_0_25_GRAPHDRIVER, 76, 24),
    ],
    ids=lambda value: value.version if isinstance(value, Profile) else "",
)
def test_profiles_list_as_much_as_the_engines_do(profile: Profile, llb: int, frontend: int) -> None:
    # Counted on Docker 20.10.24 and 28.5.2, both stores.
    assert len(profile.llb_caps()) == llb
    assert len(profile.frontend_caps()) == frontend


def test_a_return_of_nothing_kills_the_daemon() -> None:
    with GatewayServer() as server:
        failure = raw(server, "bridge.return_(pb.ReturnRequest())")
    assert failure == "the daemon crashed"


def test_a_second_return_is_refused() -> None:
    body = (
        "request = pb.ReturnRequest(result=pb.Result())\n"
        "bridge.return_(request)\n"
        "try:\n"
        "    bridge.return_(request)\n"
        "except Exception as error:\n"
        "    assert error.message == 'gateway result is already set', error\n"
        "else:\n"
        "    os._exit(1)"
    )
    with GatewayServer() as server:
        assert raw(server, body) is None


def test_dying_after_a_result_discards_it() -> None:
    with GatewayServer() as server:
        body = "bridge.return_(pb.ReturnRequest(result=pb.Result()))\nos._exit(3)"
        assert raw(server, body) == "exit code: 3"


@pytest.mark.parametrize("ref", ["python:3.13", "library/python:3.13", "docker.io/library/python"])
def test_references_must_be_normalised(ref: str) -> None:
    image = Image()
    with GatewayServer(images={ref: image}) as server:
        request = f"pb.ResolveImageConfigRequest(Ref={ref!r})"
        assert raw(server, f"bridge.resolve_image_config({request})") == "exit code: 1"


def test_a_graph_must_be_whole(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "gateway.solve(definition(step(['a'], root=image('a.b/c:d'))))")
    assert "invalid missing input digest" in (outcome.failure or "")


def test_a_frontend_that_hangs_is_ended() -> None:
    with GatewayServer() as server, pytest.raises(AssertionError, match="did not end in time"):
        server.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.5)


def test_no_preface_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.gateway.wire.PREFACE_TIMEOUT", 0.3)
    with GatewayServer() as server:
        outcome = server.run([sys.executable, "-c", "import time; time.sleep(60)"], grace=0.1)
    assert outcome.failure == "frontend grpc server closed unexpectedly"
    assert outcome.broken == "timeout waiting for client preface"
    assert outcome.killed


def test_a_blocked_call_goes_on_when_it_is_released(drive: Drive) -> None:
    block = Block()
    # Later than a frontend that nothing holds up would have ended.
    threading.Timer(2, block.release.set).start()
    with GatewayServer() as server:
        server.on("Ping", block)
        outcome = drive(server, "gateway.ping()\nreturn Result()")
    assert outcome.failure is None
    assert block.release.is_set()


def test_options_reach_the_frontend(drive: Drive) -> None:
    opts = {"build-arg:package": "api", "label:a=b": "c=d\ne"}
    with GatewayServer(opts=opts) as server:
        outcome = drive(
            server,
            """
            values = sorted(v for k, v in os.environ.items() if k.startswith("BUILDKIT_FRONTEND"))
            return Result(metadata={"values": "|".join(values).encode()})
            """,
        )
    assert outcome.metadata["values"] == b"build-arg:package=api|label:a=b=c=d\ne"


def test_steps_see_and_make_what_their_mounts_say(drive: Drive, tmp_path: Path) -> None:
    rootfs = tmp_path / "rootfs"
    (rootfs / "usr/bin").mkdir(parents=True)
    (rootfs / "usr/bin/python3").write_text("python")
    seen: dict[str, object] = {}

    def work(step: Exec) -> None:
        seen["kinds"] = {mount.target: (mount.kind, mount.writable) for mount in step.mounts}
        seen["python"] = step.path("/usr/bin/python3").read_text()
        seen["input"] = step.path("/in/a").read_text()
        (step.path("/out") / "made").write_text("made")
        step.path("/scratch/lost").write_text("lost")

    base = "docker.io/library/python:3.13"
    with GatewayServer(images={base: Image(rootfs=rootfs)}, execs=work) as server:
        outcome = drive(
            server,
            f"""
            from llb import mounts
            given = llb.files(llb.SCRATCH, llb.Mkfile("/a", b"given"))
            run = llb.run(["work"], mounts=[
                mounts.Bind("/", llb.image({base!r})),
                mounts.Bind("/in", given),
                mounts.Writable("/out"),
                mounts.Discarded("/scratch", given),
                mounts.Cache("/cache", "id"),
                mounts.Tmpfs("/tmp"),
                mounts.Secret("/run/secret", "id"),
            ])
            return Result(refs=gateway.solve(run.output("/out"), evaluate=True))
            """,
        )
    assert outcome.failure is None
    assert seen["python"] == "python"
    assert seen["input"] == "given"
    kinds = seen["kinds"]
    assert isinstance(kinds, dict)
    assert kinds["/"] == ("bind", False)
    assert kinds["/out"] == ("bind", True)
    assert kinds["/cache"][0] == "cache"
    assert [path.name for path in outcome.export().iterdir()] == ["made"]
    assert not (rootfs / "scratch").exists()
