"""The one-line Dockerfile makes running images that hold what uv installs, and nothing else."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.shop import distributions, leftovers, reference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine import Engine, Server
    from tests.shop.conftest import Service


def test_dockerfile_is_one_line(locked_shop: Path) -> None:
    assert (locked_shop / "Dockerfile").read_text() == "# syntax=org/uv-frontend\n"


def test_installed_is_what_uv_installs(service: Service, locked_shop: Path) -> None:
    expected = reference.of_package(service.engine, locked_shop, service.package, service.base)
    actual = distributions.of_image(service.engine, service.image)
    assert distributions.differences(actual, expected) == []


def test_nothing_is_left_over(service: Service, locked_shop: Path) -> None:
    # Only the report is not built: its files are what there is to run.
    sources = _files(locked_shop / "services/report") if service.package == "report" else []
    engine, image = service.engine, service.image
    assert leftovers.of_image(engine, image, service.base, sources=sources) == []


def test_runs(service: Service) -> None:
    _RUN[service.package](service)


def _api(service: Service) -> None:
    with service.engine.serve(service.image, 8000) as server:
        assert _get(server, "/health") == {"status": "ok", "products": 5, "orders": 0}
        index = _get(server, "/")
    assert (index["service"], index["version"]) == ("api", "1.2.0")
    assert index["cheapest"] == {"sku": "TIN-04", "price": "€7.25"}


def _worker(service: Service) -> None:
    answer = json.loads(service.engine.run(service.image, "--check").stdout)
    assert answer["tasks"] == ["shop.invoice"]
    assert "12  Stoneware mug" in answer["invoice"]["text"]
    assert answer["invoice"]["gross"] == "152.78"


def _data(service: Service) -> None:
    answer = json.loads(service.engine.run(service.image).stdout)
    assert answer["rows"] == 5 * 104
    assert set(answer["demand"]) == {"MUG-01", "TEA-07", "POT-02", "TIN-04", "CUP-11"}


def _report(service: Service) -> None:
    assert "Cast-iron teapot" in service.engine.run(service.image).stdout
    command = ("python", "main.py", "--html")
    assert "<td>€64.00" in service.engine.run(service.image, *command).stdout


_RUN = {"api": _api, "worker": _worker, "data": _data, "report": _report}


def _get(server: Server, path: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(server.url + path, timeout=10) as answer:
                return json.load(answer)
        except OSError as error:
            if time.monotonic() > deadline:
                pytest.fail(f"no answer from {path}: {error}\n{server.logs}")
            time.sleep(0.1)


def test_other_services_are_never_transferred(
    engine: Engine, locked_shop: Path, tmp_path: Path
) -> None:
    """Files of members that the worker does not need stay where they are, and so does the rest."""
    workspace = reference.checkout(locked_shop, tmp_path / "shop")
    needed = ["services/worker", "libs/core", "libs/catalog"]
    for member in ("services/api/src/api", "services/data", "services/report", ".", "services"):
        (workspace / member / "weights.bin").write_bytes(bytes(8_000_000))
    budget = sum(
        (workspace / folder / path).stat().st_size
        for folder in needed
        for path in _files(workspace / folder)
    )
    budget += sum((workspace / name).stat().st_size for name in ("uv.lock", "pyproject.toml"))

    build = engine.build(workspace, build_args={"package": "worker"})

    # File names and modes travel too.
    assert _transferred(build.stderr) < budget + 100_000


def _transferred(progress: str) -> int:
    """Bytes that the client has sent from the build context."""
    sent: dict[tuple[str, str], int] = {}
    for line in progress.splitlines():
        if line.startswith("{"):
            for status in json.loads(line).get("statuses") or ():
                if status["id"].startswith("transferring"):
                    sent[status["vertex"], status["id"]] = status.get("current", 0)
    assert sent, "the build transferred nothing at all"
    return sum(sent.values())


def test_whatever_is_left_over_is_found(docker28: Engine, tmp_path: Path) -> None:
    """The check that the other tests rely on, on an image that has something of everything."""
    base = "python:3.13-slim"
    lines = [
        f"FROM {base}",
        "RUN python3 -m venv --without-pip /app/.venv && mkdir -p /app/src/__pycache__ /layer",
        "RUN touch /usr/local/bin/uv /app/src/main.py /app/src/__pycache__/main.cpython-313.pyc"
        " /app/src/__pycache__/gone.cpython-313.pyc /app/.venv/anything",
        "RUN rm /etc/issue && echo more >>/etc/passwd",
    ]
    (tmp_path / "Dockerfile").write_text("\n".join(lines))
    image = "uv-frontend-test/leftovers"
    docker28.build(tmp_path, tag=image)

    found = leftovers.of_image(docker28, image, base, sources=["src/main.py", "src/other.py"])

    assert [line.split(": ")[0].split(" was ")[0] for line in found] == [
        "/app/src/__pycache__/gone.cpython-313.pyc is left over",
        "/app/src/other.py is missing",
        "/etc/issue of the base image is gone",
        "/etc/passwd",
        "/layer is left over",
        "/usr/local/bin/uv is left over",
    ]


def _files(folder: Path) -> list[str]:
    """The files of a folder, as a fresh checkout has them, relative to it."""
    return [str(path.relative_to(folder)) for path in reference.files(folder)]
