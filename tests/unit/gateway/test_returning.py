"""The end of a build: exactly one Return, whatever happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from frontend.gateway.result import PlatformResult, Result
from frontend.gateway.session import run_build
from llb import Platform
from tests.gateway import BUILDKIT_0_8, CANCELLED, Fail, GatewayServer

if TYPE_CHECKING:
    from frontend.gateway import Gateway
    from tests.unit.gateway.conftest import Drive


def test_one_image(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(mkfile("/a", b"a")))
            image = PlatformResult(llb.Platform.parse("linux/amd64"), ref, b'{"os": "linux"}')
            return Result.image([image], metadata={"frontend.key": b"value"})
            """,
        )
    assert outcome.failure is None
    assert outcome.exit_code == 0
    assert outcome.config() == {"os": "linux"}
    assert json.loads(outcome.metadata["refs.platforms"]) == {
        "Platforms": [{"ID": "linux/amd64", "Platform": {"architecture": "amd64", "os": "linux"}}]
    }
    assert outcome.metadata["frontend.key"] == b"value"
    assert (outcome.export() / "a").read_text() == "a"


def test_an_image_for_several_platforms(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            images = []
            for name in ("linux/amd64", "linux/arm64/v8", "linux/arm/v7"):
                platform = llb.Platform.parse(name)
                ref = gateway.solve(definition(mkfile("/name", name.encode())))
                config = b'{"architecture": "%s"}' % platform.architecture.encode()
                images.append(PlatformResult(platform, ref, config, base_config=b"{}"))
            return Result.image(images)
            """,
        )
    assert outcome.failure is None
    listed = json.loads(outcome.metadata["refs.platforms"])["Platforms"]
    assert [each["ID"] for each in listed] == ["linux/amd64", "linux/arm64", "linux/arm/v7"]
    assert listed[2]["Platform"] == {"architecture": "arm", "os": "linux", "variant": "v7"}
    assert outcome.config("linux/arm64") == {"architecture": "arm64"}
    assert outcome.metadata["containerimage.base.config/linux/arm64"] == b"{}"
    assert (outcome.export("linux/arm64") / "name").read_text() == "linux/arm64/v8"


def test_one_image_for_a_builder_that_wants_a_map(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(mkfile("/a", b"a")))
            image = PlatformResult(llb.Platform.parse("linux/amd64"), ref, b"{}")
            return Result.image([image], multi_platform=True)
            """,
        )
    assert outcome.failure is None
    assert outcome.config("linux/amd64") == {}
    assert "containerimage.config" not in outcome.metadata
    assert (outcome.export("linux/amd64") / "a").exists()


def test_no_image_and_two_of_one_platform_are_mistakes() -> None:
    image = PlatformResult(Platform.parse("linux/arm64"), None, b"{}")  # type: ignore[arg-type]
    same = PlatformResult(Platform.parse("linux/arm64/v8"), None, b"{}")  # type: ignore[arg-type]
    for images in ([], [image, same]):
        with pytest.raises(ValueError, match="one per platform"):
            Result.image(images)


def test_attestations_always_name_their_files(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(mkfile("/a", b"a")))
            sbom = gateway.solve(definition(mkfile("/sbom.spdx.json", b"{}")))
            attestation = Attestation(
                sbom, "/sbom.spdx.json", "https://spdx.dev/Document",
                metadata={"reason": b"sbom"}, subjects=(Subject("x", ("sha256:1",)),),
            )
            image = PlatformResult(
                llb.Platform.parse("linux/amd64"), ref, b"{}", attestations=(attestation,))
            return Result.image([image])
            """,
        )
    assert outcome.failure is None
    assert outcome.result is not None
    (attestation,) = outcome.result.attestations["linux/amd64"].attestation
    assert (server.files(attestation.ref.id) / "sbom.spdx.json").exists()
    assert attestation.inTotoPredicateType == "https://spdx.dev/Document"
    assert attestation.inTotoSubjects[0].digest == ["sha256:1"]
    assert attestation.metadata["reason"] == b"sbom"


def test_an_answer_without_files(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "return Result(metadata={'result.txt': b'text'})")
    assert outcome.failure is None
    assert outcome.result is not None
    assert outcome.result.WhichOneof("result") is None


def test_a_second_return_is_refused_here(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            gateway.return_result(Result(metadata={"first": b""}))
            assert gateway.returned
            return Result(metadata={"second": b""})
            """,
        )
    assert "the build has returned already" in outcome.stderr
    assert list(outcome.metadata) == ["first"]
    assert len(server.called("Return")) == 1
    # The result that was returned is not to be trusted: something went wrong after it.
    assert outcome.failure == "exit code: 1"


def test_a_result_that_the_daemon_refuses_becomes_its_error(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "return Result(refs=Ref('never-solved', gateway))")
    assert outcome.failure == "return reference never-solved not found"
    assert outcome.exit_code == 1


def test_an_error_is_never_code_ok(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            from llb.pb.status_pb2 import Status
            gateway.return_error(Status(message="text"))
            os._exit(1)
            """,
        )
    assert outcome.failure == "text"
    assert outcome.error is not None
    assert outcome.error.code == 2


def test_what_the_user_caused_is_shown_where_it_is(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            manifest = SourceFile("pyproject.toml", "[project]\\nname = 1\\n")
            lock = SourceFile("uv.lock", "version = 9\\n")
            raise FrontendError(
                "the name must be a string", remedy="Put it in quotes.",
                places=(Location.line(manifest, 2), Location.line(lock, 1)),
            )
            """,
        )
    assert outcome.failure == "the name must be a string\nPut it in quotes."
    shown = [(each.filename, each.lines) for each in outcome.excerpts]
    assert shown == [("pyproject.toml", ["name = 1"]), ("uv.lock", ["version = 9"])]
    assert "Traceback" not in outcome.stderr
    assert outcome.exit_code == 1


@pytest.mark.parametrize("raising", ["raise KeyError('name')", "1 / 0", "sys.exit(0)"])
def test_a_bug_is_short_for_the_user_and_whole_in_the_log(drive: Drive, raising: str) -> None:
    with GatewayServer() as server:
        outcome = drive(server, raising)
    assert outcome.failure is not None
    first, second = outcome.failure.split("\n")
    assert first.startswith("uv-frontend failed unexpectedly (")
    assert second.startswith("This is a bug in uv-frontend: please report it")
    assert "Traceback" not in outcome.failure
    assert "Traceback" in outcome.stderr
    assert "in build" in outcome.stderr


def test_what_the_daemon_says_is_passed_on_unchanged(drive: Drive) -> None:
    from google.protobuf.any_pb2 import Any as AnyMessage

    details = (
        AnyMessage(
            type_url="github.com/moby/buildkit/errdefs.Vertex+json", value=b'{"digest":"x"}'
        ),
        AnyMessage(type_url="example.org/unknown", value=b"\x00\x01"),
    )
    with GatewayServer() as server:
        server.on("Solve", Fail("insufficient_scope: denied", code=7, details=details))
        outcome = drive(server, "gateway.solve(definition(mkfile('/a', b'')))")
    assert outcome.failure == "PERMISSION_DENIED: insufficient_scope: denied"
    assert outcome.error is not None
    assert tuple(outcome.error.details) == details


def test_a_cancelled_call(drive: Drive) -> None:
    with GatewayServer() as server:
        server.on("Solve", Fail("context canceled", code=CANCELLED))
        outcome = drive(server, "gateway.solve(definition(mkfile('/a', b'')))")
    assert outcome.failure == "CANCELLED: context canceled"
    assert outcome.exit_code == 1


def test_a_daemon_of_docker_20_10_gets_the_same(drive: Drive) -> None:
    with GatewayServer(profile=BUILDKIT_0_8) as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(mkfile("/a", b"a")), evaluate=True)
            image = PlatformResult(llb.Platform.parse("linux/amd64"), ref, b"{}")
            return Result.image([image])
            """,
        )
    assert outcome.failure is None
    assert (outcome.export() / "a").exists()


def test_an_error_that_cannot_be_returned_is_in_the_log(drive: Drive) -> None:
    with GatewayServer() as server:
        server.on("Return", Fail("refused"), times=2)
        outcome = drive(server, "return Result()")
    assert outcome.failure == "exit code: 1"
    assert "refused" in outcome.stderr


def test_nothing_returned_is_what_buildkit_makes_of_it() -> None:
    script = (
        "from frontend.gateway import transport\n"
        "connection = transport.connect()\n"
        "from frontend.gateway import Gateway\n"
        "import os\n"
        "Gateway(connection).ping()\n"
        "os._exit(0)\n"
    )
    import sys

    with GatewayServer() as server:
        outcome = server.run([sys.executable, "-c", script])
    assert outcome.failure == "no result for incomplete build"


def test_the_exit_code_of_a_run_in_process() -> None:
    class Given:
        def __init__(self) -> None:
            self.results: list[Result] = []

        def return_result(self, result: Result) -> None:
            self.results.append(result)

    given = Given()
    result = Result()

    def build(_: Gateway) -> Result:
        return result

    assert run_build(given, build) == 0  # type: ignore[arg-type]
    assert given.results == [result]


def test_docker_20_10_shows_no_details_so_the_lines_are_in_the_message(drive: Drive) -> None:
    with GatewayServer(profile=BUILDKIT_0_8) as server:
        outcome = drive(
            server,
            """
            raise FrontendError("wrong", places=(Location.line(SourceFile("a.toml", "x = 1"), 1),))
            """,
        )
    assert ">>> x = 1" in (outcome.failure or "")


def test_what_was_printed_last_is_in_the_log(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "print('the last words')\nreturn Result()")
    assert outcome.failure is None
    assert "the last words" in outcome.stderr
