"""A daemon for one frontend process at a time."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import grpc
from google.protobuf.json_format import ParseDict

from llb.pb import errdefs_pb2, ops_pb2
from llb.pb import gateway_pb2 as pb
from tests.gateway.profiles import BUILDKIT_0_32, Profile
from tests.gateway.service import Call, Planned, Record, Service, refs_of
from tests.gateway.solver import Exec, ExecCallback, Image, Solver, World
from tests.gateway.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from llb.pb.status_pb2 import Status
    from tests.gateway.behaviour import Behaviour

_HEADER_LIMIT = 16 << 20
_REPOSITORY = Path(__file__).resolve().parents[2]
_CODES = {code.value[0]: code.name for code in grpc.StatusCode}


@dataclass(frozen=True)
class Excerpt:
    """Lines of a file that buildx would print with an error."""

    filename: str
    text: str
    start: int
    end: int

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")[self.start - 1 : self.end]


@dataclass(frozen=True)
class Outcome:
    """How the process ended and what it returned."""

    exit_code: int
    stderr: str
    seconds: float
    killed: bool
    """It did not end by itself after the connection was gone."""
    broken: str
    """Why the connection ended early, in the daemon's view."""
    preface_after: float | None
    """Seconds from the start of the process to its HTTP/2 preface."""
    record: Record
    server: GatewayServer

    @property
    def result(self) -> pb.Result | None:
        """The returned result."""
        for each in self.record.returned:
            return None if each.HasField("error") else each.result
        return None

    @property
    def error(self) -> Status | None:
        """The returned error."""
        for each in self.record.returned:
            return each.error if each.HasField("error") else None
        return None

    @property
    def failure(self) -> str | None:
        """What the user would see, None for a build that succeeds."""
        if self.record.crashed:
            return "the daemon crashed"
        if self.error is not None:
            prefix = "" if self.error.code in (0, 2) else f"{_CODES[self.error.code]}: "
            return prefix + self.error.message
        if self.broken:
            return "frontend grpc server closed unexpectedly"
        if self.exit_code:
            return f"exit code: {self.exit_code}"
        return None if self.result is not None else "no result for incomplete build"

    @property
    def excerpts(self) -> list[Excerpt]:
        """What buildx would print of files, the one right above the message first."""
        found = []
        for detail in self.error.details if self.error else ():
            if detail.type_url.endswith("errdefs.Source+json"):
                source = ParseDict(json.loads(detail.value), errdefs_pb2.Source())
                for each in source.ranges:
                    found.append(
                        Excerpt(
                            filename=source.info.filename,
                            text=source.info.data.decode(),
                            start=each.start.line,
                            end=each.end.line,
                        )
                    )
        return found

    @property
    def metadata(self) -> Mapping[str, bytes]:
        """The metadata of the result."""
        return dict(self.result.metadata) if self.result is not None else {}

    def config(self, platform: str = "") -> dict[str, Any]:
        """The returned image configuration."""
        key = "containerimage.config" + (f"/{platform}" if platform else "")
        loaded: dict[str, Any] = json.loads(self.metadata[key])
        return loaded

    def export(self, platform: str = "") -> Path:
        """The returned files, as an exporter would find them; runs what is not run yet."""
        assert self.result is not None, self.failure
        return self.server.files(refs_of(self.result)[platform])


class GatewayServer:
    """Starts frontends and serves them.

    `context` and `dockerfile` are the local directories of these names (the second is the first
    unless given), `locals` further ones. `images` are found by normalised reference, perhaps one
    per platform id; `sources` are the files behind other identifiers (`git://…`), `commits` the
    commit objects behind those of git, `replaced` what a source policy does to identifiers.
    `execs` is called for each step that runs.
    """

    def __init__(
        self,
        *,
        context: Path | None = None,
        dockerfile: Path | None = None,
        locals: Mapping[str, Path] | None = None,
        opts: Mapping[str, str] | None = None,
        images: Mapping[str, Image | Mapping[str, Image]] | None = None,
        sources: Mapping[str, Path] | None = None,
        commits: Mapping[str, bytes] | None = None,
        inputs: Mapping[str, ops_pb2.Definition] | None = None,
        replaced: Mapping[str, str] | None = None,
        execs: ExecCallback | None = None,
        profile: Profile = BUILDKIT_0_32,
        platforms: Sequence[str] = ("linux/amd64",),
        session: str = "test-session",
    ) -> None:
        directories = dict(locals or {})
        if context is not None:
            directories.setdefault("context", context)
        if dockerfile is not None or context is not None:
            directories.setdefault("dockerfile", dockerfile or context or Path())
        self.opts = dict(opts or {})
        self.profile = profile
        self.platforms = tuple(platforms)
        # Kept until nobody holds the server any more: results are looked at after it has stopped.
        self._folder = Path(tempfile.mkdtemp("-gateway"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._session = session
        world = World(
            session=session,
            locals=directories,
            images=images or {},
            sources=sources or {},
            execs=execs,
        )
        self._solver = Solver(world, profile, self._folder / "vertices")
        self._wire: Wire | None = None
        self._service = Service(
            self._solver,
            profile,
            platforms=self.platforms,
            inputs=inputs or {},
            replaced=replaced or {},
            commits=commits or {},
            cut=_weakly(self),
        )
        self._server: Any = grpc.server(
            ThreadPoolExecutor(64),
            handlers=[self._service.handler()],
            options=[
                ("grpc.max_send_message_length", -1),
                ("grpc.max_receive_message_length", profile.receive_limit),
                ("grpc.max_metadata_size", _HEADER_LIMIT),
                ("grpc.absolute_max_metadata_size", _HEADER_LIMIT),
            ],
        )
        self._address = str(self._folder / "gateway.sock")
        self._server.add_insecure_port(f"unix:{self._address}")
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._service.close()
        self._server.stop(0)

    def on(self, method: str, behaviour: Behaviour, *, after: int = 0, times: int = 1) -> Self:
        """Makes calls of `method` behave so, `times` times after `after` normal ones."""
        self._service.behaviours.append(Planned(method, behaviour, after, times))
        return self

    @property
    def calls(self) -> list[Call]:
        """Everything that was called, in the order of arrival."""
        return self._service.record.calls

    def called(self, method: str) -> list[Any]:
        """The requests of one method."""
        return [call.request for call in self.calls if call.method == method]

    @property
    def definitions(self) -> list[ops_pb2.Definition]:
        """What was solved."""
        return [request.Definition for request in self.called("Solve")]

    @property
    def warnings(self) -> list[pb.WarnRequest]:
        return self.called("Warn")

    @property
    def ran(self) -> list[Exec]:
        """The steps that ran."""
        return self._solver.ran

    @property
    def most_at_once(self) -> int:
        """How many calls were under way at the same time."""
        moments = [(call.started, 1) for call in self.calls]
        moments += [(call.ended, -1) for call in self.calls if call.ended is not None]
        most = current = 0
        for _, change in sorted(moments):
            current += change
            most = max(most, current)
        return most

    def files(self, ref: str) -> Path:
        """The files of a ref that a solve gave; the empty one has none."""
        if not ref:
            empty = self._folder / "empty"
            empty.mkdir(exist_ok=True)
            return empty
        return self._service.files(ref)

    def head(self, ref: str) -> str:
        """The digest of the vertex that a ref stands for; empty for the empty one."""
        return self._service.head(ref) if ref else ""

    def environment(self) -> dict[str, str]:
        """What BuildKit adds to the environment of a frontend."""
        added = {
            f"BUILDKIT_FRONTEND_OPT_{number}": f"{key}={value}"
            for number, (key, value) in enumerate(self.opts.items())
        }
        workers = [
            {
                "id": "test-worker",
                "labels": {},
                "platforms": [_platform_json(each) for each in self.platforms],
                "buildkitVersion": {"version": self.profile.version},
            }
        ]
        return added | {
            "BUILDKIT_SESSION_ID": self._session,
            "BUILDKIT_WORKERS": json.dumps(workers),
            "BUILDKIT_EXPORTEDPRODUCT": "buildkit",
        }

    def run(
        self,
        argv: Sequence[str | os.PathLike[str]],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = _REPOSITORY,
        timeout: float = 60,
        serve_after: float = 0,
        grace: float = 5,
    ) -> Outcome:
        """Runs a frontend to its end.

        Its environment is that of an image with PATH and this repository on PYTHONPATH, then `env`,
        then what BuildKit adds. Nothing is served for `serve_after` seconds. `grace` is how many
        seconds it has to end by itself once the connection is gone. Raises AssertionError if it
        is not done after `timeout` seconds.
        """
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_REPOSITORY)}
        environment |= {**(env or {}), **self.environment()}
        self._service.record = Record()
        child_in, to_child = os.pipe()
        from_child, child_out = os.pipe()
        with tempfile.TemporaryFile() as log:
            started = time.monotonic()
            process = subprocess.Popen(
                [os.fspath(each) for each in argv],
                stdin=child_in,
                stdout=child_out,
                stderr=log,
                env=environment,
                cwd=cwd,
                start_new_session=True,
            )
            os.close(child_in)
            os.close(child_out)
            self._wire = Wire(from_child, to_child, self._address, delay=serve_after)
            try:
                killed = self._wait(process, self._wire, started + timeout, grace)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                seconds = time.monotonic() - started
                ended = self._wire.closed.wait(5)
                os.close(to_child)
                if ended:
                    os.close(from_child)
                log.seek(0)
                stderr = log.read().decode(errors="replace")
                sys.stderr.write(stderr)
        return Outcome(
            exit_code=process.returncode,
            stderr=stderr,
            seconds=seconds,
            killed=killed,
            broken=self._wire.complaint if self._wire.broken.is_set() else "",
            preface_after=self._wire.preface_after,
            record=self._service.record,
            server=self,
        )

    def _wait(
        self, process: subprocess.Popen[bytes], wire: Wire, deadline: float, grace: float
    ) -> bool:
        """Whether the process had to be killed after the connection was gone."""
        gone: float | None = None
        while process.poll() is None:
            now = time.monotonic()
            if wire.broken.is_set():
                gone = gone or now
                if now > gone + grace:
                    return True
            if now > deadline:
                raise AssertionError("the frontend did not end in time")
            time.sleep(0.005)
        return False

    def cut(self) -> None:
        """Ends the connection of the frontend that runs, as a daemon that dies does."""
        if self._wire is not None:
            self._wire.cut()


def _weakly(server: GatewayServer) -> Callable[[], None]:
    """Cuts the connection; keeps no server alive, so that its folder goes with the last user."""
    reference = weakref.ref(server)

    def cut() -> None:
        found = reference()
        if found is not None:
            found.cut()

    return cut


def _platform_json(name: str) -> dict[str, str]:
    os_name, architecture, *variant = name.split("/")
    described = {"architecture": architecture, "os": os_name}
    return described | ({"variant": variant[0]} if variant else {})


def decoded_source_data(value: bytes) -> str:
    """The text inside an `errdefs.Source+json` detail."""
    return base64.b64decode(json.loads(value)["info"]["data"]).decode()
