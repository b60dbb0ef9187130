"""The daemon as the frontend sees it: resolve, solve, read, warn, return.

Everything here may be used from several threads at once. A solve is lazy unless it is told to
evaluate: errors of its steps then appear when the result is read, or after it was returned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar, overload

import llb
from frontend.gateway import transport
from frontend.gateway.bridge import Bridge
from frontend.gateway.entry import Entry, Kind
from frontend.gateway.failures import (
    UNKNOWN,
    GatewayError,
    PathNotFoundError,
    SourceReplacedError,
    read_failure,
)
from frontend.gateway.ref import Ref
from frontend.gateway.status import source_info
from frontend.gateway.types import CacheImport, ImageMeta, OciStore, Pong, SourceMeta, Worker
from llb.pb import gateway_pb2 as pb
from llb.pb import ops_pb2
from llb.pb.ops_pb2 import Definition

if TYPE_CHECKING:
    from frontend.errors import Location
    from frontend.gateway.result import Result
    from llb.pb.status_pb2 import Status


READ_CHUNK = 8 << 20
"""Bytes asked for at once; an answer must stay under `bridge.MESSAGE_LIMIT`."""
_IMAGE = "docker-image://"
_OCI_LAYOUT = "oci-layout://"
# What gateways could do before they listed it (grpcclient, `defaultCaps`).
_FIRST_CAPABILITIES = ("solve.base", "solve.inlinereturn", "resolveimage", "readfile")
_T = TypeVar("_T")
_T1 = TypeVar("_T1")
_T2 = TypeVar("_T2")
_T3 = TypeVar("_T3")
_T4 = TypeVar("_T4")


class Gateway:
    """A client of the daemon behind `connection`.

    `cache_imports` go with every solve: what is solved without them is not looked up in any remote
    cache. They are known only once the options are read, so they may be set later.
    """

    def __init__(
        self, connection: transport.Connection, *, cache_imports: Iterable[CacheImport] = ()
    ) -> None:
        self.cache_imports = tuple(cache_imports)
        self._bridge = Bridge(connection)
        self._pong: Pong | None = None
        self._pong_lock = threading.Lock()
        self._return_lock = threading.Lock()
        self._returned = False

    @classmethod
    def over_stdio(cls) -> Gateway:
        """Return a client on the descriptors 0 and 1; see `transport.capture_descriptors`."""
        return cls(transport.connect())

    def ping(self) -> Pong:
        """Return capabilities and workers; the daemon is asked once."""
        with self._pong_lock:
            if self._pong is None:
                self._pong = _pong(self._bridge.ping(pb.PingRequest()))
            return self._pong

    def resolve_image(
        self,
        ref: str,
        *,
        platform: llb.Platform | None = None,
        resolve_mode: str | None = None,
        log_name: str = "",
        oci_store: OciStore | None = None,
    ) -> ImageMeta:
        """Return digest and configuration of an image.

        `ref` must be fully normalised (`docker.io/library/python:3.13`), `resolve_mode` is
        `default`, `pull` or `local`, `log_name` what the progress shows. With `oci_store` the image
        is one of the build's client. Raises GatewayError if there is no such image.
        """
        if not self.ping().frontend.supports("source.metaresolver"):
            return self._resolve_image_config(ref, platform, resolve_mode, log_name, oci_store)
        attrs = {}
        if oci_store:
            attrs = {"oci.session": oci_store.session, "oci.store": oci_store.name}
        elif resolve_mode:
            attrs = {"image.resolvemode": resolve_mode}
        scheme = _OCI_LAYOUT if oci_store else _IMAGE
        response = self._bridge.resolve_source_meta(
            pb.ResolveSourceMetaRequest(
                Source=ops_pb2.SourceOp(identifier=scheme + ref, attrs=attrs),
                Platform=platform.to_proto() if platform else None,
                ResolveMode=resolve_mode or "",
                LogName=log_name,
                Image=pb.ResolveSourceImageRequest(),
            )
        )
        identifier = response.Source.identifier or scheme + ref
        if not response.HasField("Image"):
            raise SourceReplacedError(ref, identifier)
        return ImageMeta(
            ref=identifier.removeprefix(_IMAGE).removeprefix(_OCI_LAYOUT),
            digest=response.Image.Digest,
            config=response.Image.Config,
        )

    def _resolve_image_config(
        self,
        ref: str,
        platform: llb.Platform | None,
        resolve_mode: str | None,
        log_name: str,
        oci_store: OciStore | None,
    ) -> ImageMeta:
        request = pb.ResolveImageConfigRequest(
            Ref=ref,
            Platform=platform.to_proto() if platform else None,
            LogName=log_name,
        )
        if resolve_mode and self.ping().frontend.supports("resolveimage.resolvemode"):
            request.ResolveMode = resolve_mode
        if oci_store:
            request.ResolverType = 1
            request.SessionID = oci_store.session
            request.StoreID = oci_store.name
        response = self._bridge.resolve_image_config(request)
        return ImageMeta(response.Ref or ref, response.Digest, response.Config)

    def resolve_source(
        self, identifier: str, attrs: Mapping[str, str] | None = None, *, log_name: str = ""
    ) -> SourceMeta:
        """What a `git://` or `http(s)://` source is at the moment, with the commit object of git.

        Raises `llb.UnsupportedCapability` before BuildKit 0.13, GatewayError if there is no such
        source.
        """
        self.ping().frontend.require("source.metaresolver")
        response = self._bridge.resolve_source_meta(
            pb.ResolveSourceMetaRequest(
                Source=ops_pb2.SourceOp(identifier=identifier, attrs=dict(attrs or {})),
                LogName=log_name,
                Git=pb.ResolveSourceGitRequest(ReturnObject=True)
                if identifier.startswith("git://")
                else None,
            )
        )
        git, http = response.Git, response.HTTP
        return SourceMeta(
            identifier=response.Source.identifier or identifier,
            attrs=dict(response.Source.attrs),
            checksum=git.Checksum or http.Checksum,
            git_ref=git.Ref,
            git_commit_object=git.CommitObject,
            http_filename=http.Filename,
            http_last_modified=http.LastModified.seconds if http.HasField("LastModified") else None,
        )

    def solve(self, what: Definition | llb.Output | llb.Scratch, *, evaluate: bool = False) -> Ref:
        """Return the filesystem that `what` describes; with `evaluate` its steps have run.

        Raises `llb.UnsupportedCapability` for an operation that this daemon lacks, GatewayError if
        it is refused or, evaluated, fails.
        """
        frontend = self.ping().frontend
        definition = what if isinstance(what, Definition) else llb.marshal(what, self.ping().llb)
        if not getattr(definition, "def"):
            return Ref("", self)
        in_one = evaluate and frontend.supports("gateway.solve.evaluate")
        response = self._bridge.solve(
            pb.SolveRequest(
                Definition=definition,
                allowResultReturn=True,
                allowResultArrayRef=True,
                CacheImports=[
                    pb.CacheOptionsEntry(Type=cache.type, Attrs=dict(cache.attrs))
                    for cache in self.cache_imports
                ],
                Evaluate=in_one,
            )
        )
        ref = Ref(_ref_id(response), self)
        if evaluate and not in_one:
            ref.evaluate()
        return ref

    def inputs(self) -> Mapping[str, Definition]:
        """Return the filesystems given to this build by name, such as other bake targets."""
        if not self.ping().frontend.supports("frontend.inputs"):
            return {}
        return dict(self._bridge.inputs(pb.InputsRequest()).Definitions)

    def warn(
        self,
        short: str,
        *,
        detail: Iterable[str] = (),
        url: str = "",
        level: int = 1,
        places: Iterable[Location] = (),
        vertex: str = "",
    ) -> None:
        """Show a warning after the build.

        The places must be of one file, `vertex` is the digest of the operation it belongs to.
        Skipped for daemons without warnings (before 0.10).
        """
        if not self.ping().frontend.supports("gateway.warnings"):
            return
        places = tuple(places)
        info = None
        if places:
            start = min(place.start for place in places)
            info = source_info(places[0].source, start, max(place.end for place in places))
        self._bridge.warn(
            pb.WarnRequest(
                digest=vertex,
                level=level,
                short=short.encode(),
                detail=[line.encode() for line in detail],
                url=url,
                info=info,
                ranges=[
                    ops_pb2.Range(
                        start=ops_pb2.Position(line=place.start),
                        end=ops_pb2.Position(line=place.end),
                    )
                    for place in places
                ],
            )
        )

    def return_result(self, result: Result) -> None:
        """End the build with `result`.

        Raises RuntimeError if something was returned already, GatewayError if the daemon refuses;
        an error may then still be returned.
        """
        frontend = self.ping().frontend
        if isinstance(result.refs, Mapping) and len(result.refs) > 1:
            frontend.require("returnmap")
        message = result.to_proto(ref_messages=frontend.supports("proto.refarray"))
        self._return(pb.ReturnRequest(result=message))

    def return_error(self, status: Status) -> None:
        """End the build with a failure. Raises as `return_result` does."""
        request = pb.ReturnRequest(error=status)
        # Code OK would be taken for neither a result nor an error.
        request.error.code = status.code or UNKNOWN
        self._return(request)

    def _return(self, request: pb.ReturnRequest) -> None:
        with self._return_lock:
            if self._returned:
                raise RuntimeError("the build has returned already")
            self._bridge.return_(request)
            self._returned = True

    @property
    def returned(self) -> bool:
        """Return whether the daemon has taken a result or an error."""
        return self._returned

    def begin(self, call: Callable[[], _T]) -> Callable[[], _T]:
        """Make a call in the background; what is returned waits for its result, or raises it."""
        return _in_thread(call).result

    @overload
    def together(
        self, first: Callable[[], _T1], second: Callable[[], _T2], /
    ) -> tuple[_T1, _T2]: ...

    @overload
    def together(
        self, first: Callable[[], _T1], second: Callable[[], _T2], third: Callable[[], _T3], /
    ) -> tuple[_T1, _T2, _T3]: ...

    @overload
    def together(
        self,
        first: Callable[[], _T1],
        second: Callable[[], _T2],
        third: Callable[[], _T3],
        fourth: Callable[[], _T4],
        /,
    ) -> tuple[_T1, _T2, _T3, _T4]: ...

    @overload
    def together(self, *calls: Callable[[], _T]) -> tuple[_T, ...]: ...

    def together(self, *calls: Callable[[], object]) -> tuple[object, ...]:
        """Make independent calls at once and return their results, in order.

        Raises what the first failing one of them (in order) raises.
        """
        futures = [_in_thread(call) for call in calls[1:]]
        first = [call() for call in calls[:1]]
        return (*first, *(future.result() for future in futures))

    def close(self) -> None:
        """End the connection."""
        self._bridge.close()

    def read_file(self, ref_id: str, path: str, limit: int | None) -> bytes:
        """Return the content of a file of a solved filesystem; see `Ref.read_file`."""
        chunks: list[bytes] = []
        offset = 0
        while True:
            length = READ_CHUNK if limit is None else min(READ_CHUNK, limit - offset)
            request = pb.ReadFileRequest(
                Ref=ref_id, FilePath=path, Range=pb.FileRange(Offset=offset, Length=length)
            )
            data = self._reading(ref_id, path, self._bridge.read_file, request).Data
            chunks.append(data)
            offset += len(data)
            if len(data) < length or offset == limit:
                return b"".join(chunks)

    def read_dir(self, ref_id: str, path: str, pattern: str) -> tuple[Entry, ...]:
        """Return the entries of a directory of a solved filesystem; see `Ref.read_dir`."""
        self.ping().frontend.require("readdir")
        if _is_root_of_nothing(ref_id, path):
            return ()
        request = pb.ReadDirRequest(Ref=ref_id, DirPath=path, IncludePattern=pattern)
        response = self._reading(ref_id, path, self._bridge.read_dir, request)
        return tuple(Entry.from_stat(stat) for stat in response.entries)

    def stat(self, ref_id: str, path: str) -> Entry:
        """Return the entry of a path of a solved filesystem; see `Ref.stat`."""
        self.ping().frontend.require("statfile")
        if _is_root_of_nothing(ref_id, path):
            return Entry("/", Kind.DIRECTORY, 0o755, 0, 0, 0, 0)
        request = pb.StatFileRequest(Ref=ref_id, Path=path)
        return Entry.from_stat(self._reading(ref_id, path, self._bridge.stat_file, request).stat)

    def evaluate(self, ref_id: str) -> None:
        """Run the steps behind a solved filesystem; see `Ref.evaluate`."""
        if not ref_id:
            return
        if self.ping().frontend.supports("gateway.evaluate"):
            self._bridge.evaluate(pb.EvaluateRequest(Ref=ref_id))
        else:
            self._bridge.stat_file(pb.StatFileRequest(Ref=ref_id, Path="/"))

    def _reading(self, ref_id: str, path: str, call: Callable[[_T1], _T2], request: _T1) -> _T2:
        if not ref_id:
            raise PathNotFoundError(path)
        try:
            return call(request)
        except GatewayError as error:
            failure = read_failure(error, path)
            if failure is error:
                raise
            raise failure from error


def _in_thread(call: Callable[[], _T]) -> Future[_T]:
    """Start `call` in a thread of its own.

    No pool: calls within calls must not wait for each other's places, and the threads of a pool
    would hold the process at its end.
    """
    future: Future[_T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="gateway-call", daemon=True).start()
    return future


def _is_root_of_nothing(ref_id: str, path: str) -> bool:
    return not ref_id and path.strip("/.") == ""


def _pong(message: pb.PongResponse) -> Pong:
    return Pong(
        llb=llb.Capabilities.from_proto(message.LLBCaps),
        frontend=llb.Capabilities.from_proto(message.FrontendAPICaps, default=_FIRST_CAPABILITIES),
        workers=tuple(
            Worker(
                id=worker.ID,
                labels=dict(worker.Labels),
                platforms=tuple(llb.Platform.from_proto(platform) for platform in worker.platforms),
            )
            for worker in message.Workers
        ),
    )


def _ref_id(response: pb.SolveResponse) -> str:
    """Return the one filesystem of an answer, in any of the three forms daemons have used."""
    form = response.result.WhichOneof("result")
    if form == "ref":
        return response.result.ref.id
    if form == "refDeprecated":
        return response.result.refDeprecated
    if form is None and not response.HasField("result"):
        return response.ref
    if form is None:
        return ""
    raise GatewayError(UNKNOWN, "the daemon answered a solve with several filesystems")
