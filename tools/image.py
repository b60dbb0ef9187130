"""What the Dockerfile runs: puts together the files of the frontend image.

    image.py runtime PYPROJECT ROOT     interpreter, standard library, dependencies and uv
    image.py code SOURCES ROOT          this project's own packages

The base image only lends its Python: ROOT becomes an image of its own, with no shell, no package
manager and nothing else that a frontend never runs. Everything lies below /opt/uv-frontend, but for
the shared libraries, which the loader must find where they were.

Runs on the base image's own Python 3.13, with the standard library alone.
"""

import compileall
import os
import platform
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path

HOME = Path("opt/uv-frontend")
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CA = Path("/run/secrets/ca")
# The same on every machine; 1980 is the earliest time that every archive format can hold.
TIMESTAMP = 315532800

# Parts of the standard library that nothing of ours can reach, among them the only ones that
# need big shared libraries (Tk, SQLite, curses).
UNUSED = {
    *("__phello__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "sqlite3", "test", "tests"),
    *("tkinter", "turtledemo", "turtle.py", "venv", "curses", "dbm"),
    *("dist-packages", "site-packages", "__pycache__"),
}
UNUSED_EXTENSIONS = re.compile(
    r"(_test.*|_xxtest.*|_ctypes_test|_sqlite3|_tkinter|_curses.*|_dbm|_gdbm|readline|nis|xx.*)\."
)
START = """\
import sys

sys.path[:0] = ["/{home}/code", "/{home}/packages"]

from frontend.__main__ import main

import os

os._exit(main())
"""


def runtime(pyproject: Path, root: Path) -> None:
    """Fill `root` with everything but our own code."""
    home = root / HOME
    dependencies, uv = requirements(pyproject)
    interpreter = home / "bin/python"
    interpreter.parent.mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), interpreter)
    copy_standard_library(home / "lib" / VERSION)
    install(dependencies, uv, pyproject, home / "packages", home / "bin")
    for unused in ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "py.typed", "tests"):
        for path in sorted((home / "packages").rglob(unused)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("tmp", "root"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    copy_shared_libraries(root)
    compile_all(home / "lib", home / "packages", root=root)
    settle(root)


def code(sources: Path, root: Path) -> None:
    """Fill `root` with our own packages and the script that starts them."""
    home = root / HOME
    for package in ("frontend", "llb"):
        shutil.copytree(
            sources / package,
            home / "code" / package,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyi", "*.proto", "*.md"),
        )
    (home / "start.py").write_text(START.format(home=HOME))
    compile_all(home / "code", root=root)
    settle(root)


def requirements(pyproject: Path) -> tuple[list[str], str]:
    """The project's dependencies, and the requirement for uv, as they are pinned there."""
    project = tomllib.loads(pyproject.read_text())
    dependencies = project["project"]["dependencies"]
    everything = [*dependencies, *project["dependency-groups"]["dev"]]
    uv = next(each for each in everything if re.match(r"uv\s*==", each))
    return [each for each in dependencies if each != uv], uv


def install(packages: list[str], uv: str, pyproject: Path, target: Path, programs: Path) -> None:
    """Install wheels into `target` and the program uv into `programs`, with pip only to get uv.

    Steps run uv in every image a user may choose: the uv built for musl is linked statically, and
    so needs no C library there, neither glibc nor musl.
    """
    env = dict(os.environ)
    if CA.is_file():
        env |= {"PIP_CERT": str(CA), "SSL_CERT_FILE": str(CA)}
    if index := env.get("INDEX_URL"):
        env |= {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index}
    with tempfile.TemporaryDirectory() as scratch:
        # With pip if the base has it; Debian packs it apart.
        venv = [sys.executable, "-m", "venv", scratch]
        if subprocess.run(venv, capture_output=True, check=False).returncode:
            apt = ["apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"]
            subprocess.run(["apt-get", "update"], check=True)
            subprocess.run(apt, check=True)
            subprocess.run([*venv, "--clear"], check=True)
        pip = [f"{scratch}/bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
        subprocess.run([*pip, "--no-cache-dir", "--only-binary=:all:", uv], env=env, check=True)
        # uv reads the cut-off date for all other versions from the project.
        command = [f"{scratch}/bin/uv", "pip", "install", "--no-cache", "--no-build"]
        command += ["--python", sys.executable, "--link-mode", "copy", "--target"]
        subprocess.run([*command, target, *packages], env=env, cwd=pyproject.parent, check=True)
        static = ["--python-platform", f"{platform.machine()}-unknown-linux-musl", "--no-deps"]
        own = Path(scratch, "uv")
        subprocess.run([*command, own, *static, uv], env=env, cwd=pyproject.parent, check=True)
        # One of the two programs that uv's package brings.
        shutil.move(own / "bin/uv", programs / "uv")


def copy_standard_library(target: Path) -> None:
    """Copy the parts of the standard library that can be reached."""
    source = Path(sysconfig.get_path("stdlib"))

    def unused(folder: str, names: list[str]) -> set[str]:
        inside = Path(folder).relative_to(source)
        dropped = {name for name in names if name in UNUSED or name.startswith("config-")}
        if inside.parts[:1] == ("lib-dynload",):
            dropped |= {name for name in names if UNUSED_EXTENSIONS.match(name)}
        return dropped

    shutil.copytree(source, target, ignore=unused)
    extensions = Path(sysconfig.get_path("platstdlib"), "lib-dynload")
    if not (target / "lib-dynload").exists():
        shutil.copytree(extensions, target / "lib-dynload", ignore=unused)


def copy_shared_libraries(root: Path) -> None:
    """Copy what the programs and extension modules load, at the paths where it is now."""
    programs = [path for path in (root / HOME).rglob("*") if is_elf(path)]
    needed: set[str] = set()
    for program in programs:
        listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
        needed |= set(re.findall(r"(?:=>|^)\s*(/\S+)", listed.stdout, re.MULTILINE))
    inside = f"{root / HOME}/"
    for library in sorted(path for path in needed if not path.startswith(inside)):
        copy_at_its_path(Path(library), root)
    if Path("/etc/ld.so.cache").exists():
        copy_at_its_path(Path("/etc/ld.so.cache"), root)


def is_elf(path: Path) -> bool:
    """Whether the file is a program or a shared library."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def copy_at_its_path(path: Path, root: Path) -> None:
    """Copy a file to the same path below `root`, and every symlink on the way to it."""
    done = Path("/")
    for number, part in enumerate(path.parts[1:], start=2):
        step = done / part
        target = root / step.relative_to("/")
        if step.is_symlink():
            if not target.is_symlink():
                target.symlink_to(step.readlink())
            rest = path.parts[number:]
            copy_at_its_path(Path(os.path.normpath(done / step.readlink())).joinpath(*rest), root)
            return
        if step.is_dir():
            target.mkdir(exist_ok=True)
        else:
            shutil.copy(step, target)
        done = step


def compile_all(*folders: Path, root: Path) -> None:
    """Compile every module, so that no start of the frontend has to, whatever the files' times."""
    for folder in folders:
        compileall.compile_dir(
            folder,
            quiet=2,
            workers=0,
            stripdir=str(root),
            prependdir="/",
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def settle(root: Path) -> None:
    """Give every file the same time, so that the same contents make the same layer."""
    for path in (root, *root.rglob("*")):
        os.utime(path, (TIMESTAMP, TIMESTAMP), follow_symlinks=False)


if __name__ == "__main__":
    if sys.version_info < (3, 13):
        sys.exit(f"the base image must bring Python 3.13 or later, not {platform.python_version()}")
    {"runtime": runtime, "code": code}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
