"""One step for each layer, the layers on the base, and their keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from frontend.context import Context
from frontend.context.source import LocalSource
from frontend.emit import layer_key
from frontend.emit.assemble import emit
from frontend.emit.layers import steps_of
from frontend.errors import SourceFile
from frontend.model.base_changes import RemovePath
from frontend.model.layers import (
    BaseLayer,
    FileCopy,
    FilesLayer,
    Kind,
    MembersLayer,
    PackagesLayer,
    Plan,
    VenvLayer,
)
from frontend.model.packages import LocalPackage, LockedPackage
from frontend.project.lock import Lock
from frontend.project.workspace import Workspace
from frontend.request import ExecOptions
from frontend.toml_document import TomlDocument
from tests.unit.frontend import environments
from tests.unit.frontend.locks import HEAD, package, registry
from tests.unit.frontend.targets import target

if TYPE_CHECKING:
    import llb
    from frontend.container.environment import BuildEnvironment
    from frontend.emit.assemble import Emitted
    from frontend.model.layers import Layer

API = LocalPackage("api", "apps/api", "editable", "1.0")
LOCK = HEAD + '[manifest]\nmembers = ["api"]\n' + package("api", 'editable = "apps/api"', "1.0")
LOCK += registry("idna", "3.8") + registry("six", "1.17.0")
PROJECT = '[project]\nname = "api"\nversion = "1.0"\n[build-system]\nrequires = ["hatchling"]\n'


def locked(name: str) -> LockedPackage:
    lock = Lock.parse(SourceFile("uv.lock", LOCK))
    table = lock.named(name)[0]
    return LockedPackage(name, str(table["version"]), table)


VENV = VenvLayer()
IDNA = PackagesLayer(Kind.PACKAGES, (locked("idna"),))
SIX = PackagesLayer(Kind.PACKAGES, (locked("six"),))
MEMBER = MembersLayer((API,))
FILES = FilesLayer((FileCopy("conf/a.toml", "/app/conf/a.toml"),))


def workspace() -> Workspace:
    return Workspace(
        ".",
        TomlDocument.parse(SourceFile("pyproject.toml", "[tool.uv.workspace]\n")),
        Lock.parse(SourceFile("uv.lock", LOCK)),
        manifests={"api": TomlDocument.parse(SourceFile("apps/api/pyproject.toml", PROJECT))},
    )


ROOTFS = environments.step_image().rootfs
NO_OPTIONS = ExecOptions()


def emitted(
    *layers: Layer,
    options: ExecOptions = NO_OPTIONS,
    env: BuildEnvironment | None = None,
    **changes: Any,
) -> Emitted:
    return emit(
        Plan(target(), layers),
        environments.writer(options),
        env or environments.environment(),
        ROOTFS,
        workspace(),
        Context(LocalSource("context", changes.pop("session", "session"))),
        **changes,
    )


def names(steps: Emitted) -> list[str]:
    return [
        environments.metadata(step.output).description["llb.customname"] for step in steps.steps
    ]


def test_each_layer_is_a_step_whose_line_has_its_title() -> None:
    steps = emitted(VENV, IDNA, MEMBER, FILES, prefix="linux/arm64 ")
    assert names(steps) == [
        "[linux/arm64 1/4] virtual environment",
        "[linux/arm64 2/4] idna 3.8",
        "[linux/arm64 3/4] member: api",
        "[linux/arm64 4/4] files: conf/a.toml",
    ]
    assert [step.layer for step in steps.steps] == [VENV, IDNA, MEMBER, FILES]
    assert [bool(step.report) for step in steps.steps] == [False, True, True, True]
    assert [[i.name for i in step.inputs] for step in steps.steps] == [[], [], ["api"], ["files"]]


def test_a_step_does_not_know_the_others() -> None:
    alone = steps_of(
        Plan(target(), (IDNA,)),
        environments.writer(),
        environments.environment(),
        workspace(),
        Context(LocalSource("context", "session")),
    )
    among = emitted(VENV, SIX, IDNA, MEMBER).steps
    assert alone[0].output.digest == among[2].output.digest


def test_changes_of_the_base_are_made_on_it_below_all_layers() -> None:
    change = BaseLayer(RemovePath("/app/.venv"))
    steps = emitted(change, VENV)
    assert steps.steps[0].layer is change
    assert environments.operation(steps.steps[0].output).file.actions[0].rm.path == "/app/.venv"
    merged = environments.operation(steps.image).merge
    edges = environments.operation(steps.image).inputs
    assert [edges[item.input].digest for item in merged.inputs] == [
        step.output.digest for step in steps.steps
    ]


def test_without_merge_the_layers_are_copied_one_on_the_other() -> None:
    steps = emitted(VENV, IDNA, merge=False)
    last = environments.operation(steps.image)
    assert last.WhichOneof("op") == "file"
    assert [action.WhichOneof("action") for action in last.file.actions] == ["copy"]


def test_tools_of_the_builder_are_steps_apart() -> None:
    assert emitted(VENV).builder_steps == ()


def keys(*layers: Layer, rootfs: llb.Output = ROOTFS, **changes: Any) -> tuple[str, ...]:
    env = changes.get("env") or environments.environment()
    steps = emitted(*layers, **changes).steps
    options = changes.get("options", NO_OPTIONS)
    writer = environments.writer(options)
    return layer_key.keys(writer, env, target(), env.image, rootfs, steps)


def test_the_same_layers_have_the_same_keys() -> None:
    assert keys(VENV, IDNA, MEMBER) == keys(VENV, IDNA, MEMBER)
    assert len(set(keys(VENV, IDNA, SIX, MEMBER, FILES))) == 5
    assert all(key.startswith("sha256:") and len(key) == 71 for key in keys(VENV))


def test_what_decides_nothing_moves_no_key() -> None:
    usual = keys(VENV, IDNA, MEMBER)
    options = ExecOptions(
        network="host",
        proxy={"http": "http://proxy.example"},
        hostname="builder",
        hosts=(("db", "10.0.0.1"),),
        shm_size=1 << 20,
        cache_namespace="team",
    )
    assert keys(VENV, IDNA, MEMBER, options=options) == usual
    assert keys(VENV, IDNA, MEMBER, session="another") == usual
    assert keys(VENV, IDNA, MEMBER, prefix="linux/arm64 ") == usual
    assert keys(SIX, VENV, IDNA, MEMBER)[1:] == usual


def test_what_decides_moves_a_key() -> None:
    usual = dict(zip(("venv", "idna", "api"), keys(VENV, IDNA, MEMBER), strict=True))
    other = environments.environment()
    image = replace(other.image, pinned="docker.io/library/other@sha256:" + "e" * 64)
    image = replace(image, digest="sha256:" + "e" * 64)
    moved = keys(VENV, IDNA, MEMBER, env=replace(other, image=image))
    assert set(moved).isdisjoint(usual.values())
    table = dict(locked("idna").table)
    table["wheels"] = [{**wheel, "hash": "sha256:" + "e" * 64} for wheel in table["wheels"]]
    replaced = replace(locked("idna"), table=table)
    assert keys(PackagesLayer(Kind.PACKAGES, (replaced,)))[0] != usual["idna"]
    assert keys(IDNA, finishing={"UV_COMPILE_BYTECODE": "0"})[0] != usual["idna"]
