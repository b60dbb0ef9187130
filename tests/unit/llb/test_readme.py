"""The programs in llb/README.md, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

import llb
from llb.pb import caps_pb2, gateway_pb2, ops_pb2
from tests.unit.llb.cases import BASE, CONTEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(llb.__file__).parents[1]
README = (ROOT / "llb" / "README.md").read_text()
PROGRAMS: dict[str, str] = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", README, re.DOTALL))


def names(program: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(compile(PROGRAMS[program], program, "exec"), namespace)
    return namespace


def test_every_program_in_the_readme_is_tested_here() -> None:
    assert README.count("```python") == len(PROGRAMS)
    assert set(PROGRAMS) == {"pack.py", "frontend.py", "fallback.py", "excerpt.py"}


def test_the_small_frontend_prints_its_definition(tmp_path: Path) -> None:
    script = tmp_path / "pack.py"
    script.write_text(PROGRAMS["pack.py"])
    printed = subprocess.run(
        [sys.executable, script, "hello"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    definition = ops_pb2.Definition.FromString(printed.stdout)
    ops = [ops_pb2.Op.FromString(data) for data in getattr(definition, "def")]
    assert [op.WhichOneof("op") for op in ops] == ["source", "source", "exec", "file", None]
    assert ops[0].source.identifier == "docker-image://docker.io/library/python:3.13-slim"
    assert ops[1].source.attrs["local.includepattern"] == '["hello"]'
    assert ops[3].file.actions[0].copy.dest == "/hello"
    assert llb.splice(definition) == names("pack.py")["graph"]("hello")


class Bridge:
    """A daemon's side of the three calls the sketch makes."""

    def __init__(self) -> None:
        self.solved = gateway_pb2.SolveRequest()
        self.returned = gateway_pb2.ReturnRequest()

    def handlers(self) -> Any:
        def unary(answer: Callable[[Any], Any], parse: Callable[[bytes], Any]) -> Any:
            return grpc.unary_unary_rpc_method_handler(
                lambda message, _: answer(message),
                request_deserializer=parse,
                response_serializer=lambda message: message.SerializeToString(),
            )

        return grpc.method_handlers_generic_handler(
            "moby.buildkit.v1.frontend.LLBBridge",
            {
                "Ping": unary(self.ping, gateway_pb2.PingRequest.FromString),
                "Solve": unary(self.solve, gateway_pb2.SolveRequest.FromString),
                "Return": unary(self.take, gateway_pb2.ReturnRequest.FromString),
            },
        )

    def ping(self, _: gateway_pb2.PingRequest) -> gateway_pb2.PongResponse:
        ids = ("source.image", "source.local", "source.local.sessionid", "file.base")
        return gateway_pb2.PongResponse(
            LLBCaps=[caps_pb2.APICap(ID=id, Enabled=True) for id in ids]
        )

    def solve(self, request: gateway_pb2.SolveRequest) -> gateway_pb2.SolveResponse:
        self.solved = request
        return gateway_pb2.SolveResponse(
            result=gateway_pb2.Result(ref=gateway_pb2.Ref(id="the-ref"))
        )

    def take(self, request: gateway_pb2.ReturnRequest) -> gateway_pb2.ReturnResponse:
        self.returned = request
        return gateway_pb2.ReturnResponse()


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[tuple[Bridge, grpc.Channel]]:
    handler = Bridge()
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, handlers=[handler.handlers()])
        server.add_insecure_port(f"unix:{tmp_path}/s")
        server.start()
        with grpc.insecure_channel(f"unix:{tmp_path}/s") as channel:
            yield handler, channel
        server.stop(None).wait()


def test_the_gateway_sketch_solves_and_returns(bridge: tuple[Bridge, grpc.Channel]) -> None:
    handler, channel = bridge
    result = llb.files(BASE, llb.Copy(CONTEXT, "/a", "/b"))
    names("frontend.py")["build"](channel, result)
    assert llb.splice(handler.solved.Definition) == result
    assert handler.solved.allowResultReturn
    assert handler.returned.result.ref.id == "the-ref"


def test_the_gateway_sketch_finds_out_what_the_engine_lacks(
    bridge: tuple[Bridge, grpc.Channel],
) -> None:
    _, channel = bridge
    with pytest.raises(llb.UnsupportedCapability, match=r"file\.symlink\.create"):
        names("frontend.py")["build"](channel, llb.files(BASE, llb.Symlink("/a", "/b")))


def test_the_fallback_where_merging_is_off() -> None:
    on_top = names("fallback.py")["on_top"]
    merged = on_top(BASE, CONTEXT, llb.Capabilities.of("mergeop"))
    copied = on_top(BASE, CONTEXT, llb.Capabilities.of())
    assert merged == llb.merge(BASE, CONTEXT)
    assert ops_pb2.Op.FromString(copied.vertex.data).WhichOneof("op") == "file"


def test_the_excerpt_stands_under_the_operation() -> None:
    base: llb.Output = names("excerpt.py")["BASE"]
    source = llb.marshal(base).Source
    (place,) = source.locations[base.digest].locations
    assert source.infos[place.sourceIndex].filename == "app.toml"
    assert place.ranges[0].start.line == 2


def test_the_library_needs_protobuf_only() -> None:
    program = (
        "import sys, llb\n"
        "top = {name.split('.')[0] for name in sys.modules}\n"
        "print(*sorted(top - set(sys.stdlib_module_names)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    found = {name for name in loaded.stdout.split() if not name.startswith("_")}
    # A distribution may customise the interpreter's start; that is not ours.
    assert found - {"sitecustomize", "usercustomize", "apport_python_hook"} == {
        "google",
        "llb",
    }
