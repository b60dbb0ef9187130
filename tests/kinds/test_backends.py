"""One member for each build backend, two of which compile, in the image of one service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.pages import Page
from tests.kinds.checkout import lock, write

if TYPE_CHECKING:
    from tests.engine import Engine

IMAGE = "uv-frontend-test/kinds-backends"
#: How each backend signs its wheels.
GENERATORS = {
    "by-hatchling": "hatchling",
    "by-setuptools": "setuptools",
    "in-c": "setuptools",
    "by-uv": "uv",
    "by-poetry": "poetry-core",
    "by-flit": "flit",
    "by-pdm": "pdm-backend",
    "in-rust": "maturin",
}
_REQUIRES = {
    "by-hatchling": ("hatchling", "hatchling.build"),
    "by-setuptools": ("setuptools>=77", "setuptools.build_meta"),
    "in-c": ("setuptools>=77", "setuptools.build_meta"),
    "by-uv": ("uv_build", "uv_build"),
    "by-poetry": ("poetry-core>=2", "poetry.core.masonry.api"),
    "by-flit": ("flit_core>=3.12", "flit_core.buildapi"),
    "by-pdm": ("pdm-backend", "pdm.backend"),
    "in-rust": ('maturin>=1.8", "cffi', "maturin"),
}


def manifest(name: str, more: str = "") -> str:
    requires, backend = _REQUIRES[name]
    return (
        f'[project]\nname = "{name}"\nversion = "1.{len(name)}"\ndescription = "{name}"\n'
        'requires-python = ">=3.11"\nreadme = "README.md"\nlicense = "MIT"\n'
        f'license-files = ["LICENSE*"]\n{more}\n'
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'
        + (
            '[tool.setuptools.package-data]\n"*" = ["tables/*.csv"]\n'
            if "setuptools" in backend
            else ""
        )
    )


def member(name: str, more: str = "", *, flat: bool = False) -> dict[str, str]:
    """The files of a package with data in it."""
    module = name.replace("-", "_")
    package = f"libs/{name}/{'' if flat else 'src/'}{module}"
    return {
        f"libs/{name}/pyproject.toml": manifest(name, more),
        f"libs/{name}/README.md": f"About {name}.\n",
        f"libs/{name}/LICENSE.txt": "Do what you want.\n",
        f"{package}/__init__.py": "",
        f"{package}/tables/values.csv": f"{name},1\n",
    }


_FAST = """\
    #define PY_SSIZE_T_CLEAN
    #include <Python.h>

    static PyObject *twice(PyObject *module, PyObject *number) {
        long value = PyLong_AsLong(number);
        return PyErr_Occurred() ? NULL : PyLong_FromLong(2 * value);
    }
    static PyMethodDef methods[] = {{"twice", twice, METH_O, ""}, {NULL, NULL, 0, NULL}};
    static struct PyModuleDef fast = {PyModuleDef_HEAD_INIT, "fast", "", -1, methods};
    PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&fast); }
    """
_MAIN = f"""\
    import json
    from importlib import resources
    from importlib.metadata import distribution

    from in_c import fast
    from in_rust import lib


    def describe(name):
        found = distribution(name)
        wheel = dict(
            line.split(": ", 1) for line in found.read_text("WHEEL").splitlines() if ": " in line
        )
        data = resources.files(name.replace("-", "_")) / "tables/values.csv"
        return {{
            "version": found.version,
            "generator": wheel["Generator"],
            "pure": wheel["Root-Is-Purelib"],
            "readme": found.metadata.get_payload().strip(),
            "licences": found.metadata.get_all("License-File"),
            "data": data.read_text() if data.is_file() else "",
            "files": [str(path) for path in found.files],
        }}


    def main():
        described = {{name: describe(name) for name in {tuple(GENERATORS)!r}}}
        print(json.dumps({{"c": fast.twice(21), "rust": lib.triple(14), "members": described}}))
    """
FILES = {
    "Dockerfile": next(
        each.text for each in Page("docs/members.md").blocks if each.language == "dockerfile"
    ),
    "pyproject.toml": '[project]\nname = "svc"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    f"dependencies = {json.dumps(list(GENERATORS))}\n"
    '[project.scripts]\nsvc = "svc:main"\n'
    '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
    '[tool.uv.workspace]\nmembers = ["libs/*"]\n[tool.uv.sources]\n'
    + "".join(f"{name} = {{ workspace = true }}\n" for name in GENERATORS),
    "src/svc/__init__.py": _MAIN,
    **member("by-hatchling"),
    **member("by-setuptools", flat=True),
    "libs/by-setuptools/tests/test_nothing.py": "",
    **member("in-c"),
    "libs/in-c/src/in_c/fast.c": _FAST,
    "libs/in-c/setup.py": """\
        from setuptools import Extension, setup
        setup(ext_modules=[Extension("in_c.fast", ["src/in_c/fast.c"])])
        """,
    **member("by-uv"),
    **member("by-poetry"),
    **member("by-flit"),
    **member("by-pdm"),
    "libs/in-rust/pyproject.toml": manifest("in-rust", 'dependencies = ["cffi"]'),
    "libs/in-rust/README.md": "About in-rust.\n",
    "libs/in-rust/LICENSE.txt": "Do what you want.\n",
    "libs/in-rust/Cargo.toml": """\
        [package]
        name = "in-rust"
        version = "1.0.0"
        edition = "2021"

        [lib]
        name = "in_rust"
        crate-type = ["cdylib"]
        """,
    "libs/in-rust/build.rs": """\
        // What Python may call, where maturin looks for it.
        fn main() {
            std::fs::create_dir_all("target").unwrap();
            std::fs::write("target/header.h", "int64_t triple(int64_t number);").unwrap();
        }
        """,
    "libs/in-rust/src/lib.rs": """\
        #[no_mangle]
        pub extern "C" fn triple(number: i64) -> i64 {
            3 * number
        }
        """,
}


@pytest.fixture(scope="module")
def image(docker28: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write(tmp_path_factory.mktemp("backends"), FILES)
    lock(folder)
    docker28.build(folder, tag=IMAGE)
    return IMAGE


@pytest.fixture(scope="module")
def told(docker28: Engine, image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker28.run(image).stdout)
    return found


@pytest.mark.parametrize("name", GENERATORS)
def test_member(told: dict[str, Any], name: str) -> None:
    found = told["members"][name]
    assert found["version"] == f"1.{len(name)}"
    assert found["generator"].split()[0] == GENERATORS[name]
    assert found["readme"] == f"About {name}."
    assert found["licences"] == ["LICENSE.txt"]
    compiled = name in ("in-c", "in-rust")
    assert found["pure"] == str(not compiled).lower()
    assert any(path.endswith(".so") for path in found["files"]) == compiled
    assert not any("test" in path for path in found["files"])
    if name != "in-rust":
        assert found["data"] == f"{name},1\n"


def test_extensions_work(told: dict[str, Any]) -> None:
    assert (told["c"], told["rust"]) == (42, 42)


def test_each_has_a_layer_and_no_tool_is_left(docker28: Engine, image: str) -> None:
    history = docker28.docker(
        "history", "--no-trunc", "--format", "{{.Comment}} {{.CreatedBy}}", image
    )
    for name in GENERATORS:
        assert f"member: {name}" in history.stdout
    code = "import shutil; print(*map(shutil.which, ('cargo', 'rustc', 'gcc', 'uv')))"
    said = docker28.run(image, "-c", code, options=["--entrypoint=python3"]).stdout
    assert said.split() == ["None"] * 4
