"""Engines for the tests: started when first asked for, ended with the run."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from examples import lock
from tests.engine import Engine, EngineUnavailable, Registry, frontend_image
from tests.requirement import unmet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A busy machine is no defect of what is tested. All else stays as it is, in CI and elsewhere.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

USED = pytest.StashKey[dict[str, str]]()

# Engines on which everything has to work.
SUPPORTED = ("docker28", "docker28-graph", "docker20")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engines",
        default=",".join(SUPPORTED),
        help="kinds of engine for tests that run on each, separated by commas; "
        "`there` is the engine that is there (default: %(default)s)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        kinds = metafunc.config.getoption("--engines").split(",")
        metafunc.parametrize("engine", kinds, indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"engine", "docker28", "engines"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("engine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Divide a parallel run by folders, and tests that need no engine by files."""
    from tests.scheduling import FolderScheduling

    return FolderScheduling(config, log)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say which engines the tests ran on: Debian decides what a kind of engine is."""
    if used := config.stash.get(USED, {}):
        terminalreporter.section("engines")
        for about in used.values():
            terminalreporter.line(about)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the engines of a worker to the process that started it."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["engines"] = session.config.stash.get(USED, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the engines of a worker that has ended."""
    used = node.config.stash.setdefault(USED, {})
    used.update(getattr(node, "workeroutput", {}).get("engines", {}))


class Engines:
    """The engines of this run, or of this worker of a parallel run.

    All take unqualified image names from one registry.

    `used` gets a line about each engine that was started.
    """

    def __init__(self, stack: ExitStack, used: dict[str, str]) -> None:
        self._stack = stack
        self._used = used
        self._started: dict[str, Engine | EngineUnavailable] = {}
        self._registry: Registry | None = None

    def get(self, kind: str) -> Engine:
        """The engine of that kind, which has the frontend's image.

        Without an engine the test is skipped, but fails where CI is set.
        """
        if kind not in self._started:
            self._started[kind] = self._start(kind)
        started = self._started[kind]
        if isinstance(started, EngineUnavailable):
            unmet(str(started))
        self._used[kind] = started.about
        return started

    @contextmanager
    def another(
        self, kind: str, name: str, *, entitlements: Mapping[str, bool] | None = None
    ) -> Iterator[Engine]:
        """One more engine of that kind until the block ends; nothing that others built is on it.

        Without an engine the test is skipped, but fails where CI is set.
        """
        # An engine is found again by its name, so this one must not have that of `get`.
        name = f"{kind}-{os.getpid()}-{name}"
        with ExitStack() as stack:
            try:
                engine = stack.enter_context(
                    Engine.start(kind, name, registry=self._registry, entitlements=entitlements)
                )
            except EngineUnavailable as error:
                unmet(str(error))
            yield engine

    def _start(self, kind: str) -> Engine | EngineUnavailable:
        try:
            if kind == "there":
                engine = Engine.there()
                if engine is None:
                    return EngineUnavailable("no Docker engine is reachable")
                frontend_image.provide(engine)
                return engine
            engine = self._stack.enter_context(Engine.start(kind, registry=self._registry))
        except EngineUnavailable as error:
            return error
        if self._registry is None:
            # The first engine builds the image, the others find it in the first one's registry.
            self._registry = engine.registry
            frontend_image.provide(engine)
        return engine


@pytest.fixture(scope="session")
def engines(pytestconfig: pytest.Config) -> Iterator[Engines]:
    """Every kind of engine, by `engines.get(kind)`."""
    used = pytestconfig.stash.setdefault(USED, {})
    with ExitStack() as stack:
        yield Engines(stack, used)


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest, engines: Engines) -> Engine:
    """Each kind of engine in turn."""
    return engines.get(request.param)


@pytest.fixture(scope="session")
def locked_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example workspace `examples/shop`, locked."""
    folder = tmp_path_factory.mktemp("example") / "shop"
    shutil.copytree(lock.SHOP, folder, ignore=shutil.ignore_patterns("uv.lock", "__pycache__"))
    lock.lock(folder)
    return folder


@pytest.fixture(scope="session")
def docker28(engines: Engines) -> Engine:
    """The engine for tests that need only one: the newest, with all of BuildKit's operations."""
    return engines.get("docker28")
