"""The RPCs of LLBBridge over directories (`frontend/gateway/gateway.go`)."""

from __future__ import annotations

import itertools
import posixpath
import stat
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from llb.pb import gateway_pb2 as pb
from llb.pb import ops_pb2
from llb.pb.status_pb2 import Status
from llb.pb.worker_pb2 import WorkerRecord
from tests.gateway.behaviour import Behaviour, Block, CallFailedError, Delay, Drop, Fail, Reply
from tests.gateway.solver import Graph, Solver, platform_id
from tests.gateway.tree import resolve, stat_message, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from google.protobuf.message import Message

    from tests.gateway.profiles import Profile

_SERVICE = "moby.buildkit.v1.frontend.LLBBridge"
_UNIMPLEMENTED = 12

_METHODS: Mapping[str, tuple[type[Message], str]] = {
    "Ping": (pb.PingRequest, ""),
    "ResolveImageConfig": (pb.ResolveImageConfigRequest, "resolveimage"),
    "ResolveSourceMeta": (pb.ResolveSourceMetaRequest, "source.metaresolver"),
    "Solve": (pb.SolveRequest, "solve.base"),
    "ReadFile": (pb.ReadFileRequest, "readfile"),
    "ReadDir": (pb.ReadDirRequest, "readdir"),
    "StatFile": (pb.StatFileRequest, "statfile"),
    "Evaluate": (pb.EvaluateRequest, "gateway.evaluate"),
    "Inputs": (pb.InputsRequest, "frontend.inputs"),
    "Return": (pb.ReturnRequest, "return"),
    "Warn": (pb.WarnRequest, "gateway.warnings"),
}


@dataclass
class Call:
    """One call as it came; times are of `time.monotonic`, `error` is what was answered."""

    method: str
    request: Any
    started: float
    ended: float | None = None
    error: str = ""


@dataclass
class Record:
    """Everything that the frontend did."""

    calls: list[Call] = field(default_factory=list)
    returned: list[pb.ReturnRequest] = field(default_factory=list)
    crashed: bool = False
    """It returned neither a result nor an error, which kills BuildKit."""


class Service:
    """Answers the calls of one frontend.

    `behaviours` are looked up before each call: (method, how many calls of it are still to be
    left alone, what then happens, how often).
    """

    def __init__(
        self,
        solver: Solver,
        profile: Profile,
        *,
        platforms: tuple[str, ...],
        inputs: Mapping[str, ops_pb2.Definition],
        replaced: Mapping[str, str],
        commits: Mapping[str, bytes],
        cut: Callable[[], None],
    ) -> None:
        self.record = Record()
        self.behaviours: list[Planned] = []
        self._solver = solver
        self._profile = profile
        self._platforms = platforms
        self._given = inputs
        self._replaced = replaced
        self._commits = commits
        self._cut = cut
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._numbers = itertools.count(1)
        self._graphs: dict[str, Graph] = {}

    def handler(self) -> Any:
        """For grpc's `add_generic_rpc_handlers`."""
        return grpc.method_handlers_generic_handler(
            _SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(
                    self._answer(name, capability),
                    request_deserializer=request.FromString,
                    response_serializer=_packed,
                )
                for name, (request, capability) in _METHODS.items()
            },
        )

    def close(self) -> None:
        """Lets calls end that a behaviour holds."""
        self._closing.set()

    def files(self, ref: str) -> Path:
        """The directory that a ref stands for; its steps are run."""
        graph = self._graphs.get(ref)
        if graph is None:
            raise CallFailedError(f"no such ref: {ref}")
        return self._solver.evaluate(graph)

    def head(self, ref: str) -> str:
        """The digest of the vertex that a ref stands for."""
        return self._graphs[ref].head.digest

    def _answer(self, name: str, capability: str) -> Callable[[Any, Any], Message | bytes]:
        work = getattr(self, f"_{_snake(name)}")

        def answer(request: Message, context: Any) -> Message | bytes:
            call = Call(name, request, time.monotonic())
            with self._lock:
                self.record.calls.append(call)
                planned = self._planned(name)
            try:
                if capability and not self._profile.supports_frontend(capability):
                    raise CallFailedError(
                        f"unknown method {name} for service {_SERVICE}", _UNIMPLEMENTED
                    )
                self._behave(planned)
                response: Message | bytes = (
                    planned.data if isinstance(planned, Reply) else work(request)
                )
            except CallFailedError as error:
                call.error = error.message
                status = Status(code=error.code, message=error.message, details=error.details)
                context.set_trailing_metadata(
                    (("grpc-status-details-bin", status.SerializeToString()),)
                )
                context.abort(_code(error.code), error.message)
                raise AssertionError("abort returns never") from error
            finally:
                call.ended = time.monotonic()
            return response

        return answer

    def _planned(self, name: str) -> Behaviour | None:
        for each in self.behaviours:
            if each.method == name:
                if each.after > 0:
                    each.after -= 1
                elif each.times > 0:
                    each.times -= 1
                    return each.behaviour
        return None

    def _behave(self, behaviour: Behaviour | None) -> None:
        if isinstance(behaviour, Fail):
            raise CallFailedError(behaviour.message, behaviour.code, behaviour.details)
        if isinstance(behaviour, Drop):
            self._cut()
        if isinstance(behaviour, Delay):
            self._closing.wait(behaviour.seconds)
        if isinstance(behaviour, Block):
            while not behaviour.release.wait(0.05) and not self._closing.is_set():
                pass

    def _ping(self, _: pb.PingRequest) -> pb.PongResponse:
        return pb.PongResponse(
            FrontendAPICaps=self._profile.frontend_caps(),
            LLBCaps=self._profile.llb_caps(),
            Workers=[
                WorkerRecord(
                    ID="test-worker",
                    Labels={"org.mobyproject.buildkit.worker.executor": "test"},
                    platforms=[_platform(each) for each in self._platforms],
                )
            ],
        )

    def _resolve_image_config(
        self, request: pb.ResolveImageConfigRequest
    ) -> pb.ResolveImageConfigResponse:
        scheme = "oci-layout" if request.ResolverType else "docker-image"
        identifier = self._replace(f"{scheme}://{request.Ref}")
        ref = identifier.partition("://")[2]
        digest, config = self._image(ref, request.Platform)
        return pb.ResolveImageConfigResponse(Ref=ref, Digest=digest, Config=config)

    def _resolve_source_meta(
        self, request: pb.ResolveSourceMetaRequest
    ) -> pb.ResolveSourceMetaResponse:
        if not request.HasField("Source"):
            raise CallFailedError("source is required", 3)
        identifier = self._replace(request.Source.identifier)
        response = pb.ResolveSourceMetaResponse(
            Source=ops_pb2.SourceOp(identifier=identifier, attrs=request.Source.attrs)
        )
        scheme, _, rest = identifier.partition("://")
        if scheme in ("docker-image", "oci-layout"):
            digest, config = self._image(rest, request.Platform)
            response.Image.Digest = digest
            response.Image.Config = config
        if identifier in self._commits:
            response.Git.CommitObject = self._commits[identifier]
        return response

    def _replace(self, identifier: str) -> str:
        return self._replaced.get(identifier, identifier)

    def _image(self, ref: str, platform: ops_pb2.Platform) -> tuple[str, bytes]:
        _check_normalised(ref)
        wanted = platform_id(platform) or self._platforms[0]
        image = self._solver.find_image(ref, wanted)
        if image is None:
            raise CallFailedError(f"failed to resolve source metadata for {ref}: {ref}: not found")
        return image.digest, image.config_bytes

    def _solve(self, request: pb.SolveRequest) -> pb.SolveResponse:
        if request.Frontend:
            raise CallFailedError("the tests' gateway runs no other frontend")
        ref = ""
        if getattr(request.Definition, "def"):
            graph = self._solver.load(request.Definition)
            if request.Evaluate:
                self._solver.evaluate(graph)
            ref = f"ref-{next(self._numbers)}"
            self._graphs[ref] = graph
        if not request.allowResultReturn:
            return pb.SolveResponse(ref=ref)
        if request.allowResultArrayRef and self._profile.supports_frontend("proto.refarray"):
            result = pb.Result(ref=pb.Ref(id=ref))
        else:
            result = pb.Result(refDeprecated=ref)
        return pb.SolveResponse(result=result)

    def _read_file(self, request: pb.ReadFileRequest) -> pb.ReadFileResponse:
        path = self._existing("open", request.Ref, request.FilePath)
        if not stat.S_ISREG(path.stat().st_mode):
            raise CallFailedError(f"{request.FilePath} is not a regular file")
        with path.open("rb") as file:
            if not request.HasField("Range"):
                return pb.ReadFileResponse(Data=file.read())
            file.seek(request.Range.Offset)
            return pb.ReadFileResponse(Data=file.read(request.Range.Length))

    def _read_dir(self, request: pb.ReadDirRequest) -> pb.ReadDirResponse:
        root = self._existing("lstat", request.Ref, request.DirPath)
        if not root.is_dir():
            raise CallFailedError(f"stat {root}: not a directory")
        patterns = [request.IncludePattern] if request.IncludePattern else []
        paths = [path for path in walk(root, patterns) if "/" not in path]
        return pb.ReadDirResponse(entries=[stat_message(root / path, path) for path in paths])

    def _stat_file(self, request: pb.StatFileRequest) -> pb.StatFileResponse:
        path = self._existing("lstat", request.Ref, request.Path)
        name = posixpath.basename(posixpath.normpath(request.Path)) or "/"
        return pb.StatFileResponse(stat=stat_message(path, name))

    def _existing(self, operation: str, ref: str, path: str) -> Path:
        try:
            found = resolve(self.files(ref), path)
            found.lstat()
        except NotADirectoryError as error:
            raise CallFailedError(f"{operation} {path}: not a directory") from error
        except OSError as error:
            raise CallFailedError(f"{operation} {path}: no such file or directory") from error
        return found

    def _evaluate(self, request: pb.EvaluateRequest) -> pb.EvaluateResponse:
        self.files(request.Ref)
        return pb.EvaluateResponse()

    def _inputs(self, _: pb.InputsRequest) -> pb.InputsResponse:
        return pb.InputsResponse(Definitions=self._given)

    def _warn(self, _: pb.WarnRequest) -> pb.WarnResponse:
        return pb.WarnResponse()

    def _return(self, request: pb.ReturnRequest) -> pb.ReturnResponse:
        with self._lock:
            if not request.HasField("error") and not request.HasField("result"):
                self.record.crashed = True
                self._cut()
                raise CallFailedError("the daemon crashed")
            if self.record.returned:
                raise CallFailedError("gateway result is already set")
            if not request.HasField("error"):
                self._check_refs(request.result)
            self.record.returned.append(request)
        return pb.ReturnResponse()

    def _check_refs(self, result: pb.Result) -> None:
        attested = [
            each.ref.id for some in result.attestations.values() for each in some.attestation
        ]
        for ref in [*refs_of(result).values(), *attested]:
            if ref and ref not in self._graphs:
                raise CallFailedError(f"return reference {ref} not found")


@dataclass
class Planned:
    method: str
    behaviour: Behaviour
    after: int
    times: int


def _packed(response: Message | bytes) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()


def refs_of(result: pb.Result) -> dict[str, str]:
    """Ids by platform; a single one under the empty name."""
    form = result.WhichOneof("result")
    if form == "ref":
        return {"": result.ref.id}
    if form == "refDeprecated":
        return {"": result.refDeprecated}
    if form == "refs":
        return {key: each.id for key, each in result.refs.refs.items()}
    if form == "refsDeprecated":
        return dict(result.refsDeprecated.refs)
    return {}


def _check_normalised(ref: str) -> None:
    """BuildKit takes references as they are and fails in odd ways on short ones."""
    host, _, rest = ref.partition("/")
    if not rest or not ("." in host or ":" in host or host == "localhost"):
        raise CallFailedError(f'failed to parse "{ref}": it is not normalised')
    if "@" not in rest and ":" not in rest:
        raise CallFailedError(f'failed to resolve "{ref}": object required')


def _platform(name: str) -> ops_pb2.Platform:
    os_name, architecture, *variant = name.split("/")
    return ops_pb2.Platform(OS=os_name, Architecture=architecture, Variant="".join(variant))


def _code(number: int) -> Any:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name).lstrip("_")
