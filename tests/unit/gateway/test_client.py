"""The calls of the client, against daemons of several ages."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from llb.pb import gateway_pb2 as pb
from llb.pb import ops_pb2
from tests.gateway import (
    BUILDKIT_0_8,
    BUILDKIT_0_25_GRAPHDRIVER,
    BUILDKIT_0_32,
    Delay,
    Exec,
    Fail,
    GatewayServer,
    Image,
    Profile,
    StepFailedError,
)
from tests.unit.gateway.graphs import definition, mkfile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.gateway.conftest import Drive

PYTHON = "docker.io/library/python:3.13"
BEFORE_LISTING = Profile(3, lists_nothing=True)


def test_ping_is_asked_once_and_tells_capabilities_and_workers(drive: Drive) -> None:
    with GatewayServer(
        profile=BUILDKIT_0_25_GRAPHDRIVER, platforms=("linux/arm64", "linux/arm/v7")
    ) as server:
        outcome = drive(
            server,
            """
            pong = gateway.ping()
            assert gateway.ping() is pong
            assert pong.llb.supports("file.base")
            assert not pong.llb.supports("mergeop")
            assert "containerd image store" in pong.llb.reason("mergeop")
            assert pong.frontend.supports("gateway.evaluate")
            assert [p.id for p in pong.workers[0].platforms] == ["linux/arm64", "linux/arm/v7"]
            return Result()
            """,
        )
    assert outcome.failure is None
    assert len(server.called("Ping")) == 1


def test_reading_a_context(drive: Drive, context: Path) -> None:
    with GatewayServer(context=context) as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(local()))
            assert ref.read_file("/uv.lock") == b"version = 1\\n"
            assert ref.read_file("uv.lock", limit=7) == b"version"
            assert ref.read_file("/link.py") == b"print()\\n"
            assert ref.exists("src/main.py") and not ref.exists("/src/nothing.py")
            names = [entry.name for entry in ref.read_dir("/")]
            assert names == ["link.py", "pyproject.toml", "src", "uv.lock"], names
            assert [entry.name for entry in ref.read_dir("/src", "*.py")] == ["main.py"]
            by_name = {entry.name: entry for entry in ref.read_dir("/")}
            assert by_name["src"].is_dir and by_name["src"].permissions == 0o755
            assert by_name["link.py"].is_symlink and by_name["link.py"].link_target == "src/main.py"
            script = ref.stat("/src/run.sh")
            assert script.is_file and script.permissions == 0o755 and script.size == 10
            assert ref.stat("/uv.lock").mtime_ns == 1_700_000_000_123_456_789
            assert ref.stat("/link.py").is_file
            return Result(refs=ref)
            """,
        )
    assert outcome.failure is None
    assert (outcome.export() / "src/deep/data.bin").read_bytes() == bytes(1000)


@pytest.mark.parametrize(
    "reading",
    [
        'ref.read_file("/no/such")',
        'ref.stat("/no")',
        'ref.read_dir("/no")',
        'ref.read_file("/pyproject.toml/inside")',
        'gateway.solve(definition(mkfile("/a", b""))).read_file("/no")',
        'gateway.solve(llb.SCRATCH).read_file("/no")',
    ],
)
def test_a_missing_path_has_an_exception_of_its_own(
    drive: Drive, context: Path, reading: str
) -> None:
    with GatewayServer(context=context) as server:
        outcome = drive(
            server,
            f"""
            ref = gateway.solve(definition(local()))
            try:
                {reading}
            except PathNotFoundError:
                return Result()
            """,
        )
    assert outcome.failure is None


def test_a_step_that_misses_a_file_is_no_missing_path(drive: Drive, context: Path) -> None:
    detail = '{"digest": "sha256:1"}'
    with GatewayServer(context=context) as server:
        from google.protobuf.any_pb2 import Any as AnyMessage

        vertex = AnyMessage(
            type_url="github.com/moby/buildkit/errdefs.Vertex+json", value=detail.encode()
        )
        server.on("ReadFile", Fail("exec: no such file or directory", details=(vertex,)))
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(local()))
            try:
                ref.read_file("/uv.lock")
            except PathNotFoundError:
                return Result()
            """,
        )
    assert outcome.failure == "exec: no such file or directory"


def test_the_empty_filesystem_needs_no_daemon(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(llb.SCRATCH, evaluate=True)
            assert ref.id == ""
            assert ref.read_dir("/") == ()
            assert ref.stat("/").is_dir
            assert not ref.exists("/a")
            return Result(refs=ref)
            """,
        )
    assert outcome.failure is None
    assert server.called("Solve") == []
    assert outcome.result is not None
    assert outcome.result.WhichOneof("result") == "ref"
    assert list(outcome.export().iterdir()) == []


def test_a_file_bigger_than_a_message_is_read_in_ranges(drive: Drive, tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 21 + b"end"
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "uv.lock").write_bytes(content)
    (tmp_path / "expected").write_bytes(content)
    with GatewayServer(context=tmp_path / "context") as server:
        outcome = drive(
            server,
            f"""
            ref = gateway.solve(definition(local()))
            with open({str(tmp_path / "expected")!r}, "rb") as file:
                expected = file.read()
            assert ref.read_file("/uv.lock") == expected
            assert ref.read_file("/uv.lock", limit=9 << 20) == expected[: 9 << 20]
            return Result()
            """,
        )
    assert outcome.failure is None
    assert [
        (each.Range.Offset >> 20, each.Range.Length >> 20) for each in server.called("ReadFile")
    ][:3] == [(0, 8), (8, 8), (16, 8)]


def test_a_file_that_ends_where_a_range_ends(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "a").write_bytes(bytes(8 << 20))
    with GatewayServer(context=tmp_path / "context") as server:
        outcome = drive(
            server,
            """
            ref = gateway.solve(definition(local()))
            assert len(ref.read_file("/a")) == 8 << 20
            return Result()
            """,
        )
    assert outcome.failure is None


def test_the_tests_gateway_refuses_what_buildkit_cannot_send(drive: Drive, tmp_path: Path) -> None:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "big").write_bytes(bytes(17 << 20))
    with GatewayServer(context=tmp_path / "context") as server:
        outcome = drive(
            server,
            """
            from llb.pb import gateway_pb2
            ref = gateway.solve(definition(local()))
            gateway._bridge.read_file(gateway_pb2.ReadFileRequest(Ref=ref.id, FilePath="/big"))
            """,
        )
    assert outcome.failure is not None
    assert outcome.failure.startswith("RESOURCE_EXHAUSTED")


def test_a_request_that_is_too_big_is_reported(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "gateway.solve(definition(mkfile('/a', bytes(17 << 20))))")
    assert outcome.failure is not None
    assert outcome.failure.startswith("RESOURCE_EXHAUSTED")


def test_an_old_daemon_refuses_requests_over_4_mib(drive: Drive) -> None:
    body = "return Result(refs=gateway.solve(definition(mkfile('/a', bytes(5 << 20)))))"
    with GatewayServer(profile=BUILDKIT_0_8) as server:
        outcome = drive(server, body)
        assert (outcome.failure or "").startswith("RESOURCE_EXHAUSTED")
    with GatewayServer(profile=BUILDKIT_0_32) as server:
        assert drive(server, body).failure is None


def test_independent_calls_go_out_together(drive: Drive) -> None:
    with GatewayServer() as server:
        server.on("Solve", Delay(0.4), times=5)
        outcome = drive(
            server,
            """
            gateway.ping()
            def solve(n):
                return gateway.solve(definition(mkfile(f"/{n}", b"")))
            refs = gateway.together(*[lambda n=n: solve(n) for n in range(5)])
            assert [ref.read_dir("/")[0].name for ref in refs] == list("01234")
            return Result(refs=refs[3])
            """,
        )
    assert outcome.failure is None
    assert server.most_at_once == 5
    assert [path.name for path in outcome.export().iterdir()] == ["3"]


def test_calls_together_within_calls_together(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            def deep(level):
                if level == 0:
                    return 1
                return sum(gateway.together(*[lambda: deep(level - 1)] * 3))
            assert deep(4) == 81
            assert gateway.together() == ()
            return Result()
            """,
        )
    assert outcome.failure is None


def test_of_calls_together_the_first_failure_in_order_is_raised(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            def fail(text, wait):
                time.sleep(wait)
                raise FrontendError(text)
            gateway.together(
                lambda: 1, lambda: fail("early in order", 0.2), lambda: fail("late in order", 0)
            )
            """,
        )
    assert outcome.failure == "early in order"


@pytest.mark.parametrize("profile", [BUILDKIT_0_32, BUILDKIT_0_8], ids=lambda p: p.version)
def test_resolving_an_image(drive: Drive, profile: Profile) -> None:
    config = {"os": "linux", "architecture": "arm64", "config": {"Env": ["A=1"]}}
    with GatewayServer(
        profile=profile,
        images={PYTHON: {"linux/arm64": Image(config), "linux/amd64": Image()}},
    ) as server:
        outcome = drive(
            server,
            f"""
            image = gateway.resolve_image(
                {PYTHON!r}, platform=llb.Platform("linux", "arm64"), resolve_mode="local",
                log_name="[internal] load metadata",
            )
            assert image.ref == {PYTHON!r}
            assert image.pinned == {PYTHON!r} + "@" + image.digest
            return Result(metadata={{"config": image.config}})
            """,
        )
    assert outcome.failure is None
    assert json.loads(outcome.metadata["config"]) == config
    (call,) = [call for call in server.calls if call.method.startswith("Resolve")]
    assert call.request.ResolveMode == "local"
    assert call.request.LogName == "[internal] load metadata"
    old = profile is BUILDKIT_0_8
    assert call.method == ("ResolveImageConfig" if old else "ResolveSourceMeta")
    if not old:
        assert dict(call.request.Source.attrs) == {"image.resolvemode": "local"}


@pytest.mark.parametrize("profile", [BUILDKIT_0_32, Profile(12)], ids=lambda p: p.version)
def test_resolving_an_image_in_an_oci_layout(drive: Drive, profile: Profile) -> None:
    image = Image()
    ref = f"example.org/base@{image.digest}"
    with GatewayServer(profile=profile, images={ref: image}) as server:
        outcome = drive(
            server,
            f"""
            image = gateway.resolve_image({ref!r}, oci_store=OciStore("other-session", "layout"))
            assert image.pinned == {ref!r}
            return Result()
            """,
        )
    assert outcome.failure is None
    (call,) = [call for call in server.calls if call.method.startswith("Resolve")]
    if call.method == "ResolveSourceMeta":
        assert call.request.Source.identifier == f"oci-layout://{ref}"
        attrs = dict(call.request.Source.attrs)
        assert attrs == {"oci.session": "other-session", "oci.store": "layout"}
    else:
        assert call.request.ResolverType == 1
        assert (call.request.SessionID, call.request.StoreID) == ("other-session", "layout")


@pytest.mark.parametrize("profile", [BUILDKIT_0_32, BUILDKIT_0_8], ids=lambda p: p.version)
def test_a_source_policy_may_give_another_image(drive: Drive, profile: Profile) -> None:
    other = "example.org/mirror/python:3.13"
    with GatewayServer(
        profile=profile,
        images={other: Image()},
        replaced={f"docker-image://{PYTHON}": f"docker-image://{other}"},
    ) as server:
        outcome = drive(
            server,
            f"""
            assert gateway.resolve_image({PYTHON!r}).ref == {other!r}
            return Result()
            """,
        )
    assert outcome.failure is None


def test_a_source_policy_that_gives_no_image(drive: Drive) -> None:
    with GatewayServer(
        replaced={f"docker-image://{PYTHON}": "https://example.org/python.tar"}
    ) as server:
        outcome = drive(server, f"gateway.resolve_image({PYTHON!r})")
    assert "https://example.org/python.tar, which is no image" in (outcome.failure or "")


def test_an_image_that_is_not_there(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, f"gateway.resolve_image({PYTHON!r})")
    assert outcome.failure == (
        f"failed to resolve source metadata for {PYTHON}: {PYTHON}: not found"
    )


def test_cache_imports_go_with_every_solve(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            gateway.cache_imports = (CacheImport("registry", {"ref": "example.org/cache"}),)
            gateway.solve(definition(mkfile("/a", b"")))
            return Result(refs=gateway.solve(definition(mkfile("/b", b"")), evaluate=True))
            """,
        )
    assert outcome.failure is None
    assert len(server.called("Solve")) == 2
    for request in server.called("Solve"):
        (entry,) = request.CacheImports
        assert (entry.Type, dict(entry.Attrs)) == ("registry", {"ref": "example.org/cache"})
        assert request.allowResultReturn
        assert request.allowResultArrayRef


@pytest.mark.parametrize(
    ("profile", "calls"),
    [
        (BUILDKIT_0_32, ["Solve", "Evaluate"]),
        (BUILDKIT_0_32.without("gateway.evaluate"), ["Solve", "StatFile"]),
        (BUILDKIT_0_32.without("gateway.solve.evaluate"), ["Solve", "Evaluate", "Evaluate"]),
        (Profile(7), ["Solve", "StatFile", "StatFile"]),
    ],
    ids=lambda value: value.version if isinstance(value, Profile) else "",
)
def test_evaluation_with_whatever_the_daemon_has(
    drive: Drive, profile: Profile, calls: list[str]
) -> None:
    with GatewayServer(profile=profile, execs=lambda _: None, images={PYTHON: Image()}) as server:
        outcome = drive(
            server,
            f"""
            ref = gateway.solve(definition(image({PYTHON!r}), step(["a"], root=image({PYTHON!r}))),
                                evaluate=True)
            ref.evaluate()
            return Result(refs=ref)
            """,
        )
        assert outcome.failure is None
        assert [call.method for call in server.calls][1:-1] == calls
        assert len(server.ran) == 1


def test_a_solve_is_lazy_until_it_is_read(drive: Drive) -> None:
    with GatewayServer(execs=lambda _: None, images={PYTHON: Image()}) as server:
        outcome = drive(
            server,
            f"""
            base = image({PYTHON!r})
            return Result(refs=gateway.solve(definition(base, step(["a"], root=base))))
            """,
        )
        assert outcome.failure is None
        assert server.ran == []
        outcome.export()
        assert len(server.ran) == 1


def test_a_step_that_fails_shows_its_source(drive: Drive) -> None:
    def fail(_: Exec) -> None:
        raise StepFailedError(3)

    with GatewayServer(execs=fail, images={PYTHON: Image()}) as server:
        outcome = drive(
            server,
            f"""
            base = image({PYTHON!r})
            run = step(["uv", "sync"], root=base)
            source = pb.Source(
                infos=[pb.SourceInfo(filename="pyproject.toml", data=b"one\\ntwo\\nthree")],
                locations={{digest(run): pb.Locations(locations=[pb.Location(
                    sourceIndex=0,
                    ranges=[pb.Range(start=pb.Position(line=2), end=pb.Position(line=2))],
                )])}},
            )
            gateway.solve(definition(base, run, source=source), evaluate=True)
            """,
        )
    assert outcome.failure == ('process "uv sync" did not complete successfully: exit code: 3')
    (excerpt,) = outcome.excerpts
    assert (excerpt.filename, excerpt.lines) == ("pyproject.toml", ["two"])
    assert outcome.error is not None
    kinds = [detail.type_url.rpartition(".")[2] for detail in outcome.error.details]
    assert kinds == ["Source+json", "Vertex+json", "Solve+json"]


def test_what_a_step_writes_can_be_read(drive: Drive) -> None:
    seen = []

    def write(step: Exec) -> None:
        seen.append((step.name, step.args, step.env["A"], step.cwd))
        assert step.path("/etc/base").read_text() == "base"
        step.path("/out/result").write_text("made")

    with GatewayServer(execs=write, images={PYTHON: Image()}) as server:
        outcome = drive(
            server,
            f"""
            base = image({PYTHON!r})
            etc = mkfile("/etc/base", b"base")
            folder = pb.Op(file=pb.FileOp(actions=[
                pb.FileAction(input=-1, secondaryInput=-1, output=-1,
                              mkdir=pb.FileActionMkDir(path="/etc", mode=0o755, timestamp=-1)),
                pb.FileAction(input=0, secondaryInput=-1, output=0,
                              mkfile=pb.FileActionMkFile(path="/etc/base", data=b"base",
                                                         mode=0o644, timestamp=-1)),
            ]))
            run = step(["make"], root=folder, output="/out")
            ref = gateway.solve(definition(folder, run, names={{1: "make it"}}))
            assert ref.read_file("/result") == b"made"
            return Result(refs=ref)
            """,
        )
    assert outcome.failure is None
    assert seen == [("make it", ("make",), "1", "/")]


def test_a_capability_the_daemon_does_not_know(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(server, "gateway.solve(definition(mkfile('/a', b''), caps=['no.such']))")
    assert outcome.failure == "failed to load LLB: unknown API capability no.such"


def test_a_capability_that_is_disabled(drive: Drive) -> None:
    with GatewayServer(profile=BUILDKIT_0_25_GRAPHDRIVER) as server:
        outcome = drive(server, "gateway.solve(definition(mkfile('/a', b''), caps=['mergeop']))")
    assert "has been disabled on the build server" in (outcome.failure or "")


def test_the_library_finds_a_missing_capability_before_the_daemon(
    drive: Drive, context: Path
) -> None:
    with GatewayServer(context=context, profile=BUILDKIT_0_25_GRAPHDRIVER) as server:
        outcome = drive(
            server,
            """
            a, b = (llb.files(llb.SCRATCH, llb.Mkfile(f"/{n}", b"")) for n in "ab")
            try:
                gateway.solve(llb.merge(a, b))
            except llb.UnsupportedCapability as error:
                assert error.capability == "mergeop"
                return Result()
            """,
        )
    assert outcome.failure is None
    assert server.called("Solve") == []


def test_solving_what_the_library_describes(drive: Drive, context: Path) -> None:
    with GatewayServer(context=context) as server:
        outcome = drive(
            server,
            """
            sources = llb.local("context", include=["src"], exclude=["**/*.bin"])
            app = llb.files(
                llb.SCRATCH,
                llb.Mkdir("/app", mode=0o755),
                llb.Copy(sources, "/src", "/app/src"),
                llb.Mkfile("/app/made", b"made"),
                llb.Symlink("made", "/app/link"),
            )
            extra = llb.files(llb.SCRATCH, llb.Mkfile("/extra", b""))
            return Result(refs=gateway.solve(llb.merge(app, llb.diff(llb.SCRATCH, extra))))
            """,
        )
    assert outcome.failure is None
    root = outcome.export()
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*")) == [
        "app",
        "app/link",
        "app/made",
        "app/src",
        "app/src/deep",
        "app/src/main.py",
        "app/src/run.sh",
        "extra",
    ]
    assert (root / "app/src/run.sh").stat().st_mode & 0o777 == 0o755


def test_inputs(drive: Drive) -> None:
    given = definition(mkfile("/given", b"given"))
    with GatewayServer(inputs={"context": given}) as server:
        outcome = drive(
            server,
            """
            (name, given), = gateway.inputs().items()
            assert name == "context"
            return Result(refs=gateway.solve(llb.splice(given)))
            """,
        )
    assert outcome.failure is None
    assert (outcome.export() / "given").read_text() == "given"
    (solved,) = server.definitions
    assert getattr(solved, "def") == getattr(given, "def")


def test_a_daemon_without_inputs_has_none(drive: Drive) -> None:
    with GatewayServer(profile=BEFORE_LISTING) as server:
        outcome = drive(
            server,
            """
            assert gateway.inputs() == {}
            return Result()
            """,
        )
    assert outcome.failure is None
    assert server.called("Inputs") == []


def test_warnings_carry_their_place(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            text = SourceFile("pyproject.toml", "one\\ntwo\\nthree\\n")
            gateway.warn("short", detail=["more"], url="https://example.org", places=[
                Location.line(text, 1), Location(text, 2, 3)])
            gateway.warn("without a place")
            return Result()
            """,
        )
    assert outcome.failure is None
    first, second = server.warnings
    assert (first.short, list(first.detail), first.url, first.level) == (
        b"short",
        [b"more"],
        "https://example.org",
        1,
    )
    assert (first.info.filename, first.info.data) == ("pyproject.toml", b"one\ntwo\nthree\n")
    assert [(each.start.line, each.end.line) for each in first.ranges] == [(1, 1), (2, 3)]
    assert second.short == b"without a place"
    assert not second.HasField("info")


def test_an_old_daemon_is_not_bothered_with_warnings(drive: Drive) -> None:
    with GatewayServer(profile=BUILDKIT_0_8) as server:
        outcome = drive(server, "gateway.warn('short')\nreturn Result()")
    assert outcome.failure is None
    assert server.warnings == []


def test_git_and_http_sources(drive: Drive) -> None:
    with GatewayServer() as server:
        outcome = drive(
            server,
            """
            meta = gateway.resolve_source("git://example.org/repo.git#main", {"git.a": "b"})
            assert meta.identifier == "git://example.org/repo.git#main"
            assert meta.attrs == {"git.a": "b"}
            assert meta.http_last_modified is None
            return Result()
            """,
        )
    assert outcome.failure is None
    (request,) = server.called("ResolveSourceMeta")
    assert request.Git.ReturnObject


@pytest.mark.parametrize("profile", [BUILDKIT_0_32, BUILDKIT_0_32.without("proto.refarray")])
def test_refs_in_the_form_that_the_daemon_knows(drive: Drive, profile: Profile) -> None:
    with GatewayServer(profile=profile) as server:
        outcome = drive(
            server,
            """
            a, b = (gateway.solve(definition(mkfile(f"/{n}", b""))) for n in "ab")
            return Result(refs={"linux/amd64": a, "linux/arm64": b})
            """,
        )
    assert outcome.failure is None
    assert isinstance(outcome.result, pb.Result)
    new = profile is BUILDKIT_0_32
    assert outcome.result.WhichOneof("result") == ("refs" if new else "refsDeprecated")
    assert [path.name for path in outcome.export("linux/arm64").iterdir()] == ["b"]


def test_an_answer_in_the_oldest_form() -> None:
    from frontend.gateway.client import _ref_id
    from frontend.gateway.failures import GatewayError

    assert _ref_id(pb.SolveResponse(ref="a")) == "a"
    assert _ref_id(pb.SolveResponse(result=pb.Result(refDeprecated="b"))) == "b"
    assert _ref_id(pb.SolveResponse(result=pb.Result(ref=pb.Ref(id="c")))) == "c"
    assert _ref_id(pb.SolveResponse(result=pb.Result())) == ""
    several = pb.SolveResponse(result=pb.Result(refs=pb.RefMap(refs={"a": pb.Ref(id="d")})))
    with pytest.raises(GatewayError, match="several"):
        _ref_id(several)


def test_local_sources_of_another_session_are_refused(drive: Drive, context: Path) -> None:
    with GatewayServer(context=context) as server:
        outcome = drive(
            server,
            """
            gateway.solve(definition(local(session="other"))).evaluate()
            """,
        )
    assert outcome.failure is not None
    assert "no active session" in outcome.failure
    assert isinstance(server.definitions[0], ops_pb2.Definition)
