"""Digests of the build context's files, made by one step of the engine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import llb
from frontend.emit.step import Step, StepInput
from frontend.explain.files import read_trees
from frontend.explain.record import FILE, Tree
from frontend.model.layers import VenvLayer
from llb.pb import ops_pb2
from tests.unit.frontend.builds import AMD64, Daemon

OWN = llb.image("org/uv-frontend", platform=AMD64)
API = llb.image("files-of-api", platform=AMD64)
CORE = llb.image("files-of-core", platform=AMD64)


def step(*inputs: StepInput) -> Step:
    return Step(VenvLayer(), OWN, "report.json", inputs)


def test_without_files_nothing_is_solved() -> None:
    daemon: Any = Daemon()
    assert read_trees(daemon, OWN, AMD64, [step(), step()]) == {}
    assert daemon.solves == []


def test_all_files_are_hashed_by_one_step_and_told_apart_by_the_number_of_their_step() -> None:
    digests = {"a.py": "a" * 64, "b.py": "b" * 64}
    report = {
        "1-api": {"digest": "d" * 64, "size": 11, "files": digests},
        "2-api": {"digest": "e" * 64, "size": 0, "files": {}},
        "2-core": {"digest": "f" * 64, "size": 10**9, "files": None},
    }
    daemon: Any = Daemon([{"files.json": json.dumps(report)}])
    steps = [
        step(),
        step(StepInput("api", API)),
        step(StepInput("api", API), StepInput("core", CORE)),
    ]
    assert read_trees(daemon, OWN, AMD64, steps) == {
        (1, "api"): Tree("d" * 64, {"a.py": "a" * FILE, "b.py": "b" * FILE}, size=11),
        (2, "api"): Tree("e" * 64, {}, size=0),
        (2, "core"): Tree("f" * 64, None, size=10**9),
    }
    ((output, _),) = daemon.solves
    (execution,) = (op.exec for op in _operations(output) if op.HasField("exec"))
    mounted = [mount.dest for mount in execution.mounts if mount.dest.count("/src/")]
    assert [path.rpartition("/")[2] for path in mounted] == ["1-api", "2-api", "2-core"]
    assert all(mount.readonly for mount in execution.mounts if mount.dest in mounted)
    assert execution.network == ops_pb2.NetMode.NONE


def test_the_step_hashes_files_programs_and_links(tmp_path: Any) -> None:
    """Its script runs here, with folders of this machine in place of the step's."""
    api = tmp_path / "src" / "0-api"
    (api / "pkg").mkdir(parents=True)
    (api / "pkg/a.py").write_bytes(b"text")
    (api / "run.sh").write_bytes(b"text")
    (api / "run.sh").chmod(0o755)
    (api / "link").symlink_to("pkg")
    daemon: Any = Daemon(
        [{"files.json": json.dumps({"0-api": {"digest": "", "size": 0, "files": {}}})}]
    )
    read_trees(daemon, OWN, AMD64, [step(StepInput("api", API))])
    (execution,) = (op.exec for op in _operations(daemon.solves[0][0]) if op.HasField("exec"))
    (sources,) = (mount.dest for mount in execution.mounts if mount.dest.endswith("/0-api"))
    (layer,) = (m.dest for m in execution.mounts if not m.readonly and m.dest != "/")
    script = execution.meta.args[-1]
    script = script.replace(sources.removesuffix("/0-api"), str(tmp_path / "src"))
    exec(script.replace(layer, str(tmp_path)), {})
    ((name, said),) = json.loads((tmp_path / "files.json").read_bytes()).items()
    text = hashlib.sha256(b"text")
    assert name == "0-api"
    assert said["files"] == {
        "pkg/a.py": text.hexdigest(),
        "run.sh": hashlib.sha256(b"program " + text.digest()).hexdigest(),
        "link": hashlib.sha256(b"link pkg").hexdigest(),
    }
    whole = json.dumps(said["files"], sort_keys=True).encode()
    assert (said["digest"], said["size"]) == (hashlib.sha256(whole).hexdigest(), 8)


def _operations(output: llb.Output) -> list[ops_pb2.Op]:
    return [ops_pb2.Op.FromString(data) for data in getattr(llb.marshal(output), "def")]
