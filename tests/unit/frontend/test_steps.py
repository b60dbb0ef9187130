"""The scripts that run in users' containers, run here with directories of the test's own."""

from __future__ import annotations

import ast
import base64
import hashlib
import http.server
import importlib.util
import json
import marshal
import os
import shutil
import ssl
import stat
import struct
import subprocess
import sys
import sysconfig
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import packaging.markers
import pytest

from frontend.emit.layer_lock import write_layer_lock
from frontend.model.layers import Kind, Layer, MembersLayer, PackagesLayer
from frontend.model.packages import LocalPackage, LockedPackage
from frontend.resolve.export import uv_binary
from frontend.steps import every, needed, script
from tests.unit.frontend.conftest import load_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from frontend.model.interpreter import Interpreter

TIMESTAMP = 315532800
EXECUTABLE = stat.S_IFREG | 0o755
PLAIN = stat.S_IFREG | 0o644


# --- a container's directories -------------------------------------------------------------------


class Container:
    """The scripts that write layers, with their places moved below `top`.

    /app is a link into the layer, as in a real step: what is written to the final path lands there.
    """

    def __init__(self, top: Path) -> None:
        self.steps = load_steps("skeleton", "packages", "files", "stdlib")
        places = self.steps["places"]
        self.top, self.root = top, top / "run"
        self.layer, self.app = top / "layer", top / "app"
        self.sources, self.reports = self.root / "src", self.root / "reports"
        places.ROOT = str(self.root)
        places.UV = uv_binary()
        places.SOURCES = str(self.sources)
        self.bytecode = top / "cache" / "bytecode"
        places.BYTECODE = str(self.bytecode)
        places.REPORTS = str(self.reports)
        places.LAYER = str(self.layer)
        places.VENV = str(self.app / ".venv")
        self.inside = Path(f"{self.layer}{self.app}")
        self.inside.mkdir(parents=True)
        self.app.symlink_to(self.inside)
        for folder in (self.sources, self.reports, self.root / "lock"):
            folder.mkdir(parents=True)

    @property
    def venv(self) -> Path:
        return self.inside / ".venv"

    def run(self, script: str, *arguments: str) -> None:
        self.steps[script].main(*arguments)

    def failed(self, script: str, *arguments: str) -> dict[str, str]:
        """Run a step that fails, and return the report that it leaves."""
        with pytest.raises(SystemExit) as raised:
            self.run(script, *arguments)
        assert raised.value.code == 1
        found: dict[str, str] = json.loads((self.reports / "report.json").read_text())
        return found

    def lock(
        self, layer: Layer, target: Interpreter, settings: dict[str, Any] | None = None
    ) -> None:
        for name, text in write_layer_lock(layer, target, settings or {}).items():
            (self.root / "lock" / name).write_text(text)

    def listing(self) -> list[str]:
        """Files and links of the layer, directories only where they are empty."""
        found = []
        for path in self.inside.rglob("*"):
            if path.is_symlink() or not path.is_dir() or not any(path.iterdir()):
                found.append(str(path.relative_to(self.inside)))
        return sorted(found)


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Container]:
    made = Container(tmp_path)
    (made.root / "lock" / "uv.toml").touch()
    for name in list(os.environ):
        if name.startswith(("UV_", "PYTHON", "SSL_")):
            monkeypatch.delenv(name)
    # The variables that `frontend/container.py` sets.
    for name, value in {
        "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",
        "PYTHONHASHSEED": "0",
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_COMPILE_BYTECODE": "1",
        "UV_CONFIG_FILE": str(tmp_path / "run" / "lock" / "uv.toml"),
        "UV_HTTP_RETRIES": "0",
        "UV_LINK_MODE": "copy",
        "UV_NO_PROGRESS": "1",
        "UV_PROJECT_ENVIRONMENT": str(tmp_path / "app" / ".venv"),
        "UV_PYTHON": sys.executable,
        "UV_PYTHON_DOWNLOADS": "never",
    }.items():
        monkeypatch.setenv(name, value)
    before = os.umask(0o077)
    yield made
    os.umask(before)


class Index(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names, else with a file of the folder served."""

    folder: Path

    def do_GET(self) -> None:
        first, name = self.path.strip("/").split("/", 1)
        if first.isdigit():
            self.send_error(int(first))
            return
        data = (self.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data) + (first == "cut")))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[http.server.ThreadingHTTPServer]:
    folder = tmp_path / "index"
    folder.mkdir()
    handler = type("Handler", (Index,), {"folder": folder})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def thing(container: Container, index: http.server.HTTPServer) -> Layer:
    """A layer of one wheel that the index has."""
    file = wheel(container.top / "index" / "thing-1.0-py3-none-any.whl")
    url = f"http://127.0.0.1:{index.server_port}/ok/{file.name}"
    return third_party(url, hash_=_sha256(file))


WHEEL_CODE = "CHOICES = {'a', 'b', 'c'}\n\n\ndef main(): ...\n"


def wheel(path: Path, name: str = "thing", version: str = "1.0") -> Path:
    """Write a wheel with a module, a script and an empty directory."""
    info = f"{name}-{version}.dist-info"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", WHEEL_CODE)
        archive.writestr(f"{name}/empty/", "")
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        digest = base64.urlsafe_b64encode(hashlib.sha256(WHEEL_CODE.encode()).digest())
        hashed = f"{name}/__init__.py,sha256={digest.decode().rstrip('=')},{len(WHEEL_CODE)}\n"
        archive.writestr(f"{info}/RECORD", hashed)
    return path


def third_party(url: str, *, hash_: str = "sha256:" + "0" * 64, kind: str = "wheels") -> Layer:
    artifact: Any = {"url": url, "hash": hash_}
    table = {
        "source": {"registry": "https://index.example/simple"},
        kind: [artifact] if kind == "wheels" else artifact,
    }
    return PackagesLayer(Kind.PACKAGES, (LockedPackage("thing", "1.0", table),))


BACKEND = """\
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    {body}
    with zipfile.ZipFile(os.path.join(folder, "api-1-py3-none-any.whl"), "w") as archive:
        archive.write("api.py")
        archive.writestr(
            "api-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: api\\nVersion: 1\\n"
        )
        archive.writestr(
            "api-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        archive.writestr("api-1.dist-info/RECORD", "")
    return "api-1-py3-none-any.whl"
"""
API = LocalPackage("api", "apps/api", "editable", "1")
MEMBER = MembersLayer((API,))


def member(container: Container, *, body: str = "pass", requires: str = "[]") -> Path:
    """Write a member with a build backend of its own, which needs nothing else."""
    folder = container.sources / "apps" / "api"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "api"\nversion = "1"\n[build-system]\nrequires = {requires}\n'
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(BACKEND.format(body=body))
    (folder / "api.py").write_text("LINE = 1\n")
    return folder


# --- layers --------------------------------------------------------------------------------------


def site(own: Interpreter) -> str:
    return f".venv/lib/python{own.minor}/site-packages"


def test_the_skeleton(container: Container, own: Interpreter) -> None:
    container.run("skeleton")
    assert (container.venv / "pyvenv.cfg").exists()
    assert (container.venv / "bin" / "python").is_symlink()
    assert str(container.layer) not in (container.venv / "pyvenv.cfg").read_text()
    assert site(own) in container.listing()


def test_a_layer_of_wheels_holds_what_they_add_and_nothing_else(
    container: Container, own: Interpreter, thing: Layer
) -> None:
    container.lock(thing, own)
    container.run("packages", "report.json")
    cache = f"__init__.cpython-{own.release[0]}{own.release[1]}.pyc"
    assert container.listing() == [
        ".venv/bin/thing",
        *(
            f"{site(own)}/{name}"
            for name in (
                "thing-1.0.dist-info/INSTALLER",
                "thing-1.0.dist-info/METADATA",
                "thing-1.0.dist-info/RECORD",
                "thing-1.0.dist-info/REQUESTED",
                "thing-1.0.dist-info/WHEEL",
                "thing-1.0.dist-info/entry_points.txt",
                "thing/__init__.py",
                f"thing/__pycache__/{cache}",
                "thing/empty",
            )
        ),
    ]
    program = (container.venv / "bin" / "thing").read_text()
    assert program.startswith(f"#!{container.app}/.venv/bin/python\n")
    assert list(container.reports.iterdir()) == []


def test_every_layer_is_the_same_whenever_and_wherever_it_is_made(
    container: Container, own: Interpreter, thing: Layer
) -> None:
    container.lock(thing, own)
    container.run("packages", "report.json")
    for path in [container.layer, *container.inside.rglob("*")]:
        info = path.lstat()
        assert info.st_mtime == TIMESTAMP, path
        if not path.is_symlink() and path.is_file():
            expected = EXECUTABLE if path.parent.name == "bin" else PLAIN
            assert info.st_mode == expected, path
        elif path.is_dir():
            assert stat.S_IMODE(info.st_mode) == 0o755, path
    (compiled,) = container.inside.rglob("thing/__pycache__/*.pyc")
    assert _flags(compiled) == 0b01  # hash-based, unchecked


def compiled(container: Container) -> dict[str, bytes]:
    """The bytecode below the environment, by path."""
    return {
        str(p.relative_to(container.venv)): p.read_bytes() for p in container.venv.rglob("*.pyc")
    }


def test_bytecode_is_what_uv_makes(
    container: Container, own: Interpreter, thing: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    container.lock(thing, own)
    container.run("packages", "report.json")
    ours = compiled(container)
    shutil.rmtree(container.venv)
    command = [uv_binary(), "sync", "--quiet", "--frozen", "--no-install-project"]
    subprocess.run([*command, "--project", container.root / "lock"], check=True)
    assert ours == {
        path: data for path, data in compiled(container).items() if "thing" in Path(path).parts
    }


def test_bytecode_is_made_once(
    container: Container, own: Interpreter, thing: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    container.lock(thing, own)
    container.run("packages", "report.json")
    first = compiled(container)
    (kept,) = container.bytecode.iterdir()
    # Where it is there nothing is compiled, and what is damaged is made anew.
    with monkeypatch.context() as patch:
        patch.setattr(container.steps["compiling"], "__file__", "/nothing/that/could/compile.py")
        shutil.rmtree(container.venv)
        container.run("packages", "report.json")
    assert compiled(container) == first
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-7])
    shutil.rmtree(container.venv)
    container.run("packages", "report.json")
    assert compiled(container) == first
    assert kept.read_bytes() == whole


def test_bytecode_of_what_has_no_hash_is_never_that_of_another_file(
    container: Container, own: Interpreter, thing: Layer
) -> None:
    """A wheel whose RECORD is poor can have other code behind the same version."""
    container.lock(thing, own)
    container.run("packages", "report.json")
    (record,) = container.venv.rglob("thing*.dist-info/RECORD")
    lines = record.read_text().splitlines()
    poor = "\n".join(f"{line.partition(',')[0]},," for line in lines) + "\n"
    (source,) = container.venv.rglob("thing/__init__.py")
    seen: set[bytes] = set()
    for text in ("NAME = 'one'\n", "NAME = 'another'\n"):
        # As installed: without bytecode.
        for path in container.venv.rglob("*.pyc"):
            path.unlink()
        record.write_text(poor)
        source.write_text(text)
        container.steps["bytecode"].compile_installed(set(), keep=True)
        seen.update(data for path, data in compiled(container).items() if "__init__" in path)
    assert len(seen) == 2


def test_kept_bytecode_is_that_of_the_very_source_and_python(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two distributions that bring the same file, or a list of files (RECORD) that is wrong."""
    site = container.app / ".venv/lib/python3.13/site-packages"
    (site / "tests").mkdir(parents=True)
    source = site / "tests" / "__init__.py"

    def value() -> object:
        container.steps["bytecode"].compile_installed(set(), keep=True)
        path = Path(importlib.util.cache_from_source(str(source)))
        names: dict[str, object] = {}
        exec(marshal.loads(path.read_bytes()[16:]), names)
        path.unlink()
        return names["VALUE"]

    for text, kept in (("1", 1), ("2", 2), ("1", 2)):
        source.write_text(f"VALUE = {text}\n")
        assert value() == int(text)
        assert len(list(container.bytecode.iterdir())) == kept
    monkeypatch.setattr(sys, "version", "another")
    assert value() == 1
    assert len(list(container.bytecode.iterdir())) == 3


def test_what_the_environment_has_by_itself_gets_no_bytecode(container: Container) -> None:
    site = container.venv / "lib/python3.13/site-packages"
    site.mkdir(parents=True)
    for name in ("_virtualenv.py", "mine.py"):
        (site / name).write_text("")
    container.steps["bytecode"].compile_installed({str(site / "_virtualenv.py")}, keep=False)
    assert [Path(path).name.partition(".")[0] for path in compiled(container)] == ["mine"]


def test_sources_that_are_no_python_have_no_bytecode(
    container: Container, own: Interpreter
) -> None:
    folder = member(container)
    (folder / "api.py").write_text("print 'Python 2'\n")
    container.lock(MEMBER, own)
    container.run("packages", "report.json", "api")
    assert compiled(container) == {}
    # A member has other code next time: its bytecode is not kept.
    assert not container.bytecode.exists()


def test_many_sources_are_compiled_on_every_processor(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(3))
    sources = [tmp_path / f"many_{number}.py" for number in range(130)]
    for source in sources:
        source.write_text(f"NAME = {source.name!r}\n")
    container.steps["compiling"].compile_all(list(map(str, sources)))
    made = [Path(importlib.util.cache_from_source(str(source))) for source in sources]
    assert [_flags(path) for path in made] == [0b01] * 130
    with pytest.raises(SystemExit, match="bytecode could not be made"):
        container.steps["compiling"].compile_all([*map(str, sources), str(tmp_path / "nothing.py")])


def test_a_member_is_built_anew_whenever_its_files_changed(
    container: Container, own: Interpreter
) -> None:
    folder = member(container)
    container.lock(MEMBER, own)
    for line in (1, 2):
        (folder / "api.py").write_text(f"LINE = {line}\n")
        container.run("packages", "report.json", "api")
        installed = container.inside / site(own) / "api.py"
        assert installed.read_text() == f"LINE = {line}\n"
        shutil.rmtree(container.venv)


# --- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([".", "/srv"], ["srv/a.py", "srv/conf/app.yaml", "srv/conf/deep/x.txt", "srv/conf/link"]),
        (["a.py", "/etc/a.py"], ["etc/a.py"]),
        (["a.py", "/etc/"], ["etc/a.py"]),
        (["conf", "/etc"], ["etc/app.yaml", "etc/deep/x.txt", "etc/link"]),
        (["conf", "/etc/"], ["etc/conf/app.yaml", "etc/conf/deep/x.txt", "etc/conf/link"]),
        (["conf/*.yaml", "/etc/"], ["etc/app.yaml"]),
        (["*", "/x/"], ["x/a.py", "x/conf/app.yaml", "x/conf/deep/x.txt", "x/conf/link"]),
        (["a.py", "/x", "conf/app.yaml", "/y"], ["x", "y"]),
    ],
)
def test_files_are_copied_to_their_places(
    container: Container, pairs: list[str], expected: list[str]
) -> None:
    (container.sources / "conf" / "deep").mkdir(parents=True)
    for name in ("a.py", "conf/app.yaml", "conf/deep/x.txt"):
        (container.sources / name).write_text(name)
    (container.sources / "conf" / "link").symlink_to("app.yaml")
    container.run("files", "report.json", *pairs)
    found = [
        str(path.relative_to(container.layer))
        for path in container.layer.rglob("*")
        if path.is_symlink() or path.is_file()
    ]
    assert sorted(found) == expected
    assert all(path.lstat().st_mtime == TIMESTAMP for path in container.layer.rglob("*"))


def test_a_link_stays_a_link_and_a_program_a_program(container: Container) -> None:
    (container.sources / "run.sh").write_text("#!/bin/sh\n")
    (container.sources / "run.sh").chmod(0o4770)
    (container.sources / "link").symlink_to("run.sh")
    container.run("files", "report.json", ".", "/srv")
    assert (container.layer / "srv" / "link").readlink() == Path("run.sh")
    assert (container.layer / "srv" / "run.sh").stat().st_mode == EXECUTABLE


def test_a_name_that_looks_like_a_pattern(container: Container) -> None:
    (container.sources / "[id].html").write_text("x")
    container.run("files", "report.json", "[id].html", "/srv/")
    assert (container.layer / "srv" / "[id].html").exists()


@pytest.mark.parametrize("source", ["nothing", "*.nothing"])
def test_nothing_to_copy(container: Container, source: str) -> None:
    assert container.failed("files", "report.json", source, "/srv/") == {
        "kind": "files",
        "package": source,
        "detail": source,
        "output": "",
    }


def test_copied_sources_are_compiled_the_same_each_time(container: Container) -> None:
    (container.sources / "main.py").write_text("CHOICES = x in {'a', 'b', 'c', 'd', 'e'}\n")
    (container.sources / "old.py").write_text("print 'Python 2'\n")
    images = set()
    for _ in range(3):
        container.run("files", "report.json", ".", "/app")
        (compiled,) = (container.layer / "app").rglob("*.pyc")
        assert _flags(compiled) == 0b01
        images.add(compiled.read_bytes())
        shutil.rmtree(container.layer / "app")
    assert len(images) == 1
    assert b"/app/main.py" in images.pop()


# --- failures, provoked with the real uv ---------------------------------------------------------


def test_an_index_that_refuses_connections(container: Container, own: Interpreter) -> None:
    container.lock(third_party("http://127.0.0.1:9/thing-1.0-py3-none-any.whl"), own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == ("network", "thing")
    assert found["detail"] == "http://127.0.0.1:9/thing-1.0-py3-none-any.whl"
    assert "Connection refused" in found["output"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("401", "auth"),
        ("403", "auth"),
        ("404", "missing"),
        ("410", "missing"),
        ("500", "network"),
        ("503", "network"),
        ("cut", "network"),
    ],
)
def test_answers_of_an_index(
    container: Container, own: Interpreter, index: http.server.HTTPServer, answer: str, kind: str
) -> None:
    file = wheel(container.top / "index" / "thing-1.0-py3-none-any.whl")
    url = f"http://127.0.0.1:{index.server_port}/{answer}/{file.name}"
    container.lock(third_party(url, hash_=_sha256(file)), own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == (kind, "thing")
    if answer != "cut":
        assert found["detail"] == url


def test_a_file_with_another_hash(
    container: Container,
    own: Interpreter,
    index: http.server.HTTPServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = wheel(container.top / "index" / "thing-1.0-py3-none-any.whl")
    url = f"http://127.0.0.1:{index.server_port}/ok/{file.name}"
    container.lock(third_party(url), own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == ("hash", "thing")
    assert found["detail"] == f"sha256:{'0' * 64} {_sha256(file)}"
    # What uv says goes to the progress display too, without the name of our generated project.
    said = capsys.readouterr().out
    assert "Hash mismatch for `thing==1.0`" in said
    assert "uv-frontend-layer" not in said


def test_a_certificate_that_nobody_vouches_for(
    container: Container, own: Interpreter, index: http.server.HTTPServer
) -> None:
    key, certificate = container.top / "key.pem", container.top / "certificate.pem"
    command = (
        "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        " -addext basicConstraints=critical,CA:FALSE"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    index.socket = tls.wrap_socket(index.socket, server_side=True)
    file = wheel(container.top / "index" / "thing-1.0-py3-none-any.whl")
    url = f"https://localhost:{index.server_port}/ok/{file.name}"
    container.lock(third_party(url, hash_=_sha256(file)), own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"], found["detail"]) == ("certificate", "thing", url)

    # The same index, once the certificate is given as the secret.
    shutil.rmtree(container.venv)
    shutil.copy(certificate, container.root / "ca.pem")
    container.run("packages", "report.json")
    assert f"{site(own)}/thing/__init__.py" in container.listing()


def test_no_wheel_for_this_python(container: Container, own: Interpreter) -> None:
    layer = third_party("http://127.0.0.1:9/thing-1.0-cp39-cp39-any.whl")
    container.lock(layer, own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == ("wheel", "thing")


def test_no_git(container: Container, own: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    table = {"source": {"git": f"http://127.0.0.1:9/thing#{'1' * 40}"}}
    container.lock(
        PackagesLayer(Kind.PACKAGES, (LockedPackage("thing", "1.0", table, built=True),)), own
    )
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == ("git", "thing")


def test_a_build_that_fails(container: Container, own: Interpreter) -> None:
    said = "404 Not Found, Connection refused, Hash mismatch"
    member(container, body=f"raise OSError({said!r})")
    container.lock(MEMBER, own)
    found = container.failed("packages", "report.json", "api")
    # What the backend says about the world is not what happened to uv.
    assert (found["kind"], found["package"]) == ("build", "api")
    assert f"OSError: {said}" in found["output"]


def test_a_backend_that_cannot_be_downloaded(container: Container, own: Interpreter) -> None:
    member(container, requires='["hatchling"]')
    container.lock(MEMBER, own, {"index": [{"url": "http://127.0.0.1:9/simple", "default": True}]})
    found = container.failed("packages", "report.json", "api")
    assert (found["kind"], found["package"]) == ("network", "api")
    assert found["detail"] == "http://127.0.0.1:9/simple/hatchling/"


def test_anything_else(
    container: Container, own: Interpreter, index: http.server.HTTPServer
) -> None:
    file = container.top / "index" / "thing-1.0-py3-none-any.whl"
    file.write_text("no wheel")
    url = f"http://127.0.0.1:{index.server_port}/ok/{file.name}"
    container.lock(third_party(url, hash_=_sha256(file)), own)
    found = container.failed("packages", "report.json")
    assert (found["kind"], found["package"]) == ("other", "thing")
    assert found["output"].startswith("error: Failed to download `thing==1.0`")


def test_a_long_output_is_cut_at_its_beginning(container: Container) -> None:
    found = container.steps["uv_run"].classify("\n".join(f"line {n}" for n in range(200)))
    assert found["output"].split("\n")[0] == "line 140"


def test_a_failure_without_a_place_for_its_report(
    container: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(container.reports)
    with pytest.raises(SystemExit):
        container.run("files", "report.json", "nothing", "/srv")
    assert "no report could be left" in capsys.readouterr().err


def test_a_report_of_an_earlier_build_is_dropped(container: Container) -> None:
    (container.reports / "report.json").write_text('{"kind": "network"}')
    (container.sources / "app.py").write_text("")
    container.run("files", "report.json", "app.py", "/srv/app.py")
    assert not (container.reports / "report.json").exists()


# --- report.py -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ['{"kind": "build"}', None])
def test_a_report_stays_for_others_who_share_the_step(tmp_path: Path, content: str | None) -> None:
    text = script("report").decode()
    for place in ("/run/uv-frontend/reports", "/layer"):
        (tmp_path / place.strip("/")).mkdir(parents=True)
        assert f'"{place}' in text
        text = text.replace(f'"{place}', f'"{tmp_path}{place}')
    left = tmp_path / "run/uv-frontend/reports/abc.json"
    if content:
        left.write_text(content)
    command = [sys.executable, "-I", "-S", "-c", text, "other.json", "abc.json"]
    subprocess.run(command, check=True)
    said = (tmp_path / "layer/report.json").read_text()
    assert said == (f'{{"name": "abc.json", "report": {content}}}' if content else "")
    assert left.exists() == (content is not None)


# --- probe.py ------------------------------------------------------------------------------------


def test_the_probe_describes_this_python(probe_report: dict[str, Any]) -> None:
    found = probe_report
    markers = found.pop("markers")
    libc = found.pop("libc")
    system = found.pop("system")
    assert found == {
        "path": os.path.abspath(sys.executable),  # noqa: PTH100 - a venv's link is not followed
        "prefix": found["prefix"],
        "bits": struct.calcsize("P") * 8,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    }
    assert libc["name"] in ("glibc", "musl")
    assert libc["version"]
    expected: dict[str, Any] = dict(packaging.markers.default_environment())
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if line
    )
    assert system["id"] == release["ID"].strip('"')
    assert "sh" in system["programs"]
    assert system["passwd"] == Path("/etc/passwd").read_text()
    # These two change with every kernel: no image may depend on them.
    assert markers == expected | {"platform_release": "", "platform_version": ""}


@pytest.mark.parametrize("name", every())
def test_steps_use_the_syntax_of_python_3_8(name: str) -> None:
    ast.parse(script(name), feature_version=(3, 8))


@pytest.mark.parametrize("name", every())
def test_a_step_s_folder_holds_what_it_imports(name: str, tmp_path: Path) -> None:
    """Besides it there is the standard library of the container's Python alone."""
    own = set(every())
    for module in needed(name):
        (tmp_path / f"{module}.py").write_bytes(script(module))
        tree = ast.parse(script(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported = {alias.name.partition(".")[0] for alias in node.names}
                assert imported & own <= set(needed(name))
                assert imported - own <= sys.stdlib_module_names
    imports = f"import sys; sys.argv = ['']; sys.path.insert(0, {str(tmp_path)!r}); import {name}"
    if "__main__" in script(name).decode():
        subprocess.run([sys.executable, "-I", "-S", "-c", imports], check=True)


def _sha256(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def _flags(compiled: Path) -> int:
    """The second word of a .pyc: bit 0 hash-based, bit 1 source checked (PEP 552)."""
    data = compiled.read_bytes()
    flags: int = struct.unpack("<I", data[4:8])[0]
    return flags
