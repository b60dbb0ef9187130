"""Each example is built with the Dockerfile that its page shows, and run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.examples.conftest import Image

#: The page of each example.
PAGES = {
    "single": "single-project",
    "libraries": "libraries",
    "site": "django",
    "training": "training",
    "inference": "cuda",
}
_VISIT = """\
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
page = Client(SERVER_NAME="localhost").get("/")
style = Client(SERVER_NAME="localhost").get("/static/polls/site.css")
print(page.status_code, page.text.strip())
print(style.status_code, b"".join(style.streaming_content).decode().strip())
"""


def bodies(page: str) -> list[str]:
    """The Dockerfiles of a page, as they stand there."""
    found = [each.text for each in Page(f"docs/{page}.md").blocks if each.language == "dockerfile"]
    assert found
    return found


@pytest.mark.parametrize("example", PAGES)
def test_a_page_shows_the_dockerfile_of_its_example(example: str) -> None:
    assert bodies(PAGES[example]) == [(ROOT / "examples" / example / "Dockerfile").read_text()]


def test_single_project(build: Callable[..., Image]) -> None:
    image = build("single", *bodies("single-project"))
    assert image.run("Tea & milk=3.20") == '<p class="tag">Tea &amp; milk: <b>3.20</b></p>\n'


def test_libraries(build: Callable[..., Image]) -> None:
    image = build("libraries", *bodies("libraries"))
    versions = {"acme-units": "2.1.0", "acme-geometry": "0.9.4", "acme-report": "5.0"}
    assert json.loads(image.run("circle", "200 cm")) == {"area": 3.1416, "versions": versions}


def test_django(build: Callable[..., Image]) -> None:
    image = build("site", *bodies("django"))
    assert image.run("id", "-u") == "65532\n"
    volume = ("--tmpfs=/data:mode=1777", "--read-only", "--tmpfs=/tmp")
    page, style = image.python(_VISIT, options=volume).split("\n200 ", 1)
    assert page.startswith("200 <!doctype html>")
    assert 'href="/static/polls/site.css"' in page
    assert "<li>What&#x27;s up?</li>" in page
    assert style == "li { color: #123456 }\n"


def test_training(build: Callable[..., Image]) -> None:
    image = build("training", *bodies("training"))
    path, _, result = image.run("--steps=500", "--output=result.json").partition(": ")
    # The base's user writes to its home.
    assert path == "/home/ray/result.json"
    found = json.loads(result)
    assert found["steps"] == 500
    assert found["loss"] < 1e-3
    code = "import os, sys; print(os.getuid(), os.getgid(), sys.base_prefix)"
    assert image.python(code) == "1000 100 /opt/conda\n"
    # numpy is the base's, and nothing but members is installed.
    assert image.python("import numpy; print(numpy.__file__)").startswith("/opt/conda/lib/")
    installed = "import os; print(sorted(n for n in os.listdir('{}') if n.endswith('.dist-info')))"
    packages = "/app/.venv/lib/python3.13/site-packages"
    names = "['features-0.1.0.dist-info', 'train-0.1.0.dist-info']\n"
    assert image.python(installed.format(packages)) == names
    assert image.python(f"import os; print(os.stat('{packages}/train').st_uid)") == "1000\n"
    # The check has written nothing, and no bytecode is missing that it might have written.
    assert image.python("import os; print(os.listdir('/home/ray'))") == "[]\n"


def test_cuda(build: Callable[..., Image]) -> None:
    (body,) = bodies("cuda")
    image = build("inference", body)
    expected = {"device": "cpu (NVMLError_LibraryNotFound)", "label": "dog", "packaging": "24.2"}
    assert json.loads(image.run("--check")) == expected
    # The base has no Python: one is installed, in a layer of its own.
    assert image.python("import sys; print(sys.base_prefix)") == "/opt/uv-python/python\n"
    assert image.python("import os; print(os.getuid())") == "65532\n"
    assert "NVIDIA_VISIBLE_DEVICES=all" in image.inspect("json .Config.Env")
    assert "LD_LIBRARY_PATH=/usr/local/nvidia/lib64:" in image.inspect("json .Config.Env")
    # The other variant, from the same files.
    other = build("inference", body, extras="cpu")
    expected = {"device": "cpu (ModuleNotFoundError)", "label": "dog", "packaging": "25.0"}
    assert json.loads(other.run("--check")) == expected
    layers = [json.loads(each.inspect("json .RootFS.Layers")) for each in (image, other)]
    numpy = [_layer(each, "numpy") for each in (image, other)]
    assert layers[0][numpy[0]] == layers[1][numpy[1]]


def _layer(image: Image, package: str) -> int:
    """Which layer holds a package, counted from the top."""
    form = ("history", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", image.name)
    lines = image.engine.docker(*form).stdout.splitlines()
    real = [line for line in lines if not line.startswith("0B ")]
    (found,) = [number for number, line in enumerate(real) if package in line]
    return -1 - found


def test_web_and_worker(build: Callable[..., Image]) -> None:
    web, work = bodies("web-and-worker")
    image = build("shop", web)
    assert image.inspect(".Config.User") == "65532"
    code = "import api.app, asyncpg; print(type(api.app.create()).__name__)"
    assert image.python(code, options=("--read-only", "--tmpfs=/tmp")) == "FastAPI\n"
    other = build("shop", work)
    assert json.loads(other.run("--check"))["tasks"] == ["shop.invoice"]
    layers = [json.loads(each.inspect("json .RootFS.Layers")) for each in (image, other)]
    # Both libraries of the workspace, beside the base and the environment.
    assert len(set(layers[0]) & set(layers[1])) >= 4
