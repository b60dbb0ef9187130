"""Packages in the base's own Python, which keeps what it has: the key `venv`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.bases.test_pages import bodies, instead
from tests.bases.test_provided import CONDA_FOLDER, SHOW, WITH_TORCH
from tests.errors.index import REACH
from tests.errors.shown import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bases.conftest import Image
    from tests.engine import Engine
    from tests.errors.workspaces import Workspace

#: helper as an installer leaves it, with a list of its files.
LISTED = WITH_TORCH.replace(
    "WORKDIR /home/ray\n",
    f"""\
USER root
RUN cd {CONDA_FOLDER} && touch helper_old.py \\
 && printf 'helper.py,,\\nhelper_old.py,,\\nhelper-0.1.dist-info/METADATA,,\\n\
helper-0.1.dist-info/RECORD,,\\n' > helper-0.1.dist-info/RECORD
USER ray
WORKDIR /home/ray
""",
)
#: What the container's Python sees of one package: its versions, and whether its files are there.
SEEN = """\
import base64, hashlib, json, os, sys
from importlib.metadata import distributions
found = [d for d in distributions() if d.metadata["Name"] == sys.argv[1]]
def right(file):
    content = open(file.locate(), "rb").read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return file.hash is None or file.hash.value == digest
print(json.dumps({
    "versions": [d.version for d in found],
    "files": {str(f): os.path.exists(f.locate()) and right(f) for d in found for f in d.files},
    "prefix": sys.prefix, "environment": os.path.exists("/app/.venv"),
}))
"""


def test_base_with_packages(
    training: Workspace, docker28: Engine, based: Callable[[str, str], str]
) -> None:
    """What it has stays, and of what the lock has in another version only that is left.

    The Dockerfile is that of the page.
    """
    (body,) = bodies("base-prefix")
    training.write("Dockerfile", f"# syntax=org/uv-frontend\n{body}")
    base = instead(based("listed", LISTED))
    build = docker28.build(training.folder, base, REACH, tag="uv-frontend-test/prefix")
    try:

        def python(*command: str) -> str:
            return docker28.run("uv-frontend-test/prefix", "python3", "-c", *command).stdout

        assert python(SHOW) == "2.9.1 of the base | locked\n"
        seen = json.loads(python(SEEN, "helper"))
        assert seen["versions"] == ["1.0"]
        assert all(seen["files"].values()), seen
        assert (seen["prefix"], seen["environment"]) == ("/opt/conda", False)
        assert python("import os; print(os.getuid())") == "1000\n"
        left = f"import os; print(sorted(os.listdir('{CONDA_FOLDER}')))"
        names = ["helper-1.0.dist-info", "helper.py", "torch-2.9.1.dist-info", "torch.py"]
        assert [
            n for n in json.loads(python(left).replace("'", '"')) if n != "__pycache__"
        ] == names
        history = docker28.docker(
            "history", "--format={{.CreatedBy}}", "--no-trunc", "uv-frontend-test/prefix"
        )
        assert "without the base's helper 0.1" in history.stdout.splitlines()
        assert "virtual environment" not in history.stdout
        assert build.progress.warnings == ()
    finally:
        docker28.docker("rmi", "--force", "uv-frontend-test/prefix", check=False)


@pytest.mark.parametrize("merge", ["true", "false"])
def test_scripts_run_by_the_bases_python(
    site: Workspace, build: Callable[..., Image], docker28: Engine, merge: str
) -> None:
    """As Debian has it: its own packages are below /usr, and others below /usr/local."""
    site.write("libs/core/__init__.py", "def main():\n    import sys; print(sys.executable)\n")
    backend = (site.folder / "libs/core/backend.py").read_text()
    entry = (
        '        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\ncore=core:main")\n'
    )
    at = '        wheel.writestr(f"{info}/RECORD", "")\n'
    assert at in backend
    site.write("libs/core/backend.py", backend.replace(at, entry + at))
    image = build(f'venv = "/usr/local"\nuser = "nonroot"\nmerge = {merge}\n')
    run = docker28.run(image.name, "core", options=("--read-only",))
    assert run.stdout.startswith("/usr/bin/python3")
    found = docker28.run(image.name, "python3", "-c", SEEN, "core").stdout
    seen = json.loads(found)
    assert seen["versions"] == ["1.0"]
    assert seen["files"]["../../../bin/core"] is True
    assert all(seen["files"].values()), seen
    assert seen["environment"] is False
    # Folders of the base keep their owner and mode; nobody is told of an environment.
    modes = "import os; print([oct(os.stat(p).st_mode) for p in ('/usr/local', '/usr/local/bin')])"
    base = docker28.run("python:3.13-slim", "python3", "-c", modes).stdout
    assert docker28.run(image.name, "python3", "-c", modes).stdout == base
    assert not [item for item in image.config["Env"] if item.startswith("VIRTUAL_ENV=")]


def test_no_such_prefix(site: Workspace, docker28: Engine) -> None:
    site.write("Dockerfile", '# syntax=org/uv-frontend\npackage = "api"\nvenv = "/opt/conda"\n')
    shown = fail(docker28, site.folder)
    assert shown.title == "python:3.13-slim has no Python whose prefix is /opt/conda"
    assert shown.remedy.startswith("That of its Python is /usr or /usr/local.")
    assert shown.where == 'Dockerfile:3\nvenv = "/opt/conda"'
