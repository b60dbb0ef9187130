"""Projects that are built from source by a backend of their own, which needs no index."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: It packs the data beside it, tells the module what it was built
#: with, and compiles an extension if there is a source of one.
BACKEND = """\
    import os
    import pathlib
    import subprocess
    import sys
    import sysconfig
    import tomllib
    import zipfile

    PROJECT = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    NAME = PROJECT["name"].replace("-", "_")
    NEEDS = {needs}


    def get_requires_for_build_wheel(config_settings=None):
        return NEEDS


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        tools = {{}}
        for tool in ("tooling", "helper"):
            try:
                tools[tool] = __import__(tool).VERSION
            except ImportError:
                pass
        about = {{
            "SETTINGS": config_settings or {{}},
            "TOOLS": tools,
            "VARIABLE": os.environ.get("KINDS_VARIABLE", ""),
        }}
        lines = [f"{{key}} = {{value!r}}\\n" for key, value in about.items()]
        tag = "py3-none-any"
        files = {{f"{{NAME}}.py": "".join(lines).encode()}}
        if pathlib.Path("answer.c").exists():
            minor = f"cp3{{sys.version_info.minor}}"
            tag = f"{{minor}}-{{minor}}-linux_{{os.uname().machine}}"
            include = "-I" + sysconfig.get_path("include")
            subprocess.run(
                ["gcc", "-shared", "-fPIC", include, "answer.c", "-o", "answer.so"], check=True
            )
            suffix = sysconfig.get_config_var("EXT_SUFFIX")
            files[f"{{NAME}}_answer{{suffix}}"] = pathlib.Path("answer.so").read_bytes()
        if pathlib.Path("weights.bin").exists():
            files[f"{{NAME}}_weights.bin"] = pathlib.Path("weights.bin").read_bytes()
        version = PROJECT["version"]
        info, name = f"{{NAME}}-{{version}}.dist-info", f"{{NAME}}-{{version}}-{{tag}}.whl"
        files[f"{{info}}/METADATA"] = (
            f"Metadata-Version: 2.1\\nName: {{PROJECT['name']}}\\nVersion: {{version}}\\n"
        ).encode()
        files[f"{{info}}/WHEEL"] = f"Wheel-Version: 1.0\\nTag: {{tag}}\\n".encode()
        files[f"{{info}}/RECORD"] = b""
        with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
            for path, content in files.items():
                wheel.writestr(zipfile.ZipInfo(path), content)
        return name
    """
EXTENSION = """\
    #include <Python.h>

    static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "compiled_answer", NULL, -1, NULL};

    PyMODINIT_FUNC PyInit_compiled_answer(void) {
        PyObject *made = PyModule_Create(&module);
        PyModule_AddIntConstant(made, "ANSWER", 42);
        return made;
    }
    """
_GIT = ("-c", "user.name=nobody", "-c", "user.email=nobody@mail.example")


def project(
    name: str, *, needs: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The files of a project that `BACKEND` builds; it requires `needs`, and has `more` files."""
    manifest = f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    tables = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    backend = dedent(BACKEND).format(needs=list(needs))
    return {"pyproject.toml": manifest + tables, "backend.py": backend, **(more or {})}


def packed(top: str, files: Mapping[str, str]) -> bytes:
    """A source archive, whose bytes are always the same."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, text in sorted(files.items()):
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(archive.getvalue(), mtime=0)


def sdist(name: str, *, needs: Sequence[str] = (), more: Mapping[str, str] | None = None) -> bytes:
    """What an index has of a project."""
    about = f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n"
    return packed(f"{name}-1.0", {**project(name, needs=needs, more=more), "PKG-INFO": about})


def commit(folder: Path, files: Mapping[str, str], tag: str = "") -> str:
    """Write files into a repository, which is made if need be; returns the commit."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for command in (
        *([] if (folder / ".git").exists() else [["init", "--quiet", "--initial-branch=main"]]),
        ["add", "--all"],
        [*_GIT, "commit", "--quiet", "--message=More"],
        *([["tag", tag]] if tag else []),
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    head = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        head, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
