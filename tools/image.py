"""What the Dockerfile runs: puts together the files of the frontend image.

    image.py runtime REQUIREMENTS ROOT     interpreter, standard library, dependencies and uv
    image.py code SOURCES ROOT             this project's own packages, and its licence

The base image only lends its Python: ROOT becomes an image of its own, with no shell, no package
manager and nothing else that a frontend never runs. Everything lies below /opt/uv-frontend, but for
the shared libraries, which the loader must find where they were, and what says whose they are.

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
from email.parser import HeaderParser
from pathlib import Path

HOME = Path("opt/uv-frontend")
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CA = Path("/run/secrets/ca")
INDEX = Path("/run/secrets/index")
NAME_UV = "uv"
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


def runtime(requirements: Path, root: Path) -> None:
    """Fill `root` with everything but our own code."""
    home = root / HOME
    interpreter = home / "bin/python"
    interpreter.parent.mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), interpreter)
    copy_standard_library(home / "lib" / VERSION)
    install(pinned(requirements.read_text()), home)
    for unused in ("*.pyi", "*.pyx", "*.pxd", "*.pxi", "py.typed", "tests"):
        for path in sorted((home / "packages").rglob(unused)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("tmp", "root"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)
    libraries = copy_shared_libraries(root)
    packages = debian_packages([Path(os.path.realpath(sys.executable)), *libraries])
    copy_notices(packages, root)
    (home / "licenses/INDEX.txt").write_text(index_of_licences(home, packages))
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
    shutil.copy(sources / "LICENSE", home)
    compile_all(home / "code", root=root)
    settle(root)


def pinned(text: str) -> dict[str, str]:
    """The lines of each package in a file of requirements; each has a version and hashes."""
    logical: list[list[str]] = []
    goes_on = False
    for line in text.splitlines():
        if goes_on:
            logical[-1].append(line)
        elif line and not line.startswith("#"):
            logical.append([line])
        goes_on = line.endswith("\\")
    packages = {}
    for lines in logical:
        name = re.match(r"([a-z0-9-]+)==[0-9]", lines[0])
        if not name or len(lines) < 2 or not all("--hash=sha256:" in line for line in lines[1:]):
            sys.exit(f"not pinned by a version and hashes: {lines[0]}")
        packages[name[1]] = "\n".join(lines) + "\n"
    return packages


def index_address() -> str:
    """The index that was asked for, by a secret or an argument; "" is that of pip and uv."""
    if INDEX.is_file():
        return INDEX.read_text().strip()
    address = os.environ.get("INDEX_URL", "")
    if "@" in address.partition("://")[2].partition("/")[0]:
        sys.exit(
            "INDEX_URL holds a password, which would be in the image's provenance. "
            "Pass the address as a secret: --secret id=index,env=INDEX_URL"
        )
    return address


def install(packages: dict[str, str], home: Path) -> None:
    """Install wheels, all by their hashes, and the program uv, with pip only to get uv.

    Steps run uv in every image a user may choose: the uv built for musl is linked statically, and
    so needs no C library there, neither glibc nor musl.
    """
    env = dict(os.environ)
    if CA.is_file():
        env |= {"PIP_CERT": str(CA), "SSL_CERT_FILE": str(CA)}
    if index := index_address():
        env |= {"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index}
    with tempfile.TemporaryDirectory() as scratch:
        # With pip if the base has it; Debian packs it apart.
        venv = [sys.executable, "-m", "venv", scratch]
        if subprocess.run(venv, capture_output=True, check=False).returncode:
            apt = ["apt-get", "install", "--yes", "--no-install-recommends", "python3-venv"]
            subprocess.run(["apt-get", "update"], check=True)
            subprocess.run(apt, check=True)
            subprocess.run([*venv, "--clear"], check=True)
        for_uv, others = Path(scratch, "uv.txt"), Path(scratch, "others.txt")
        for_uv.write_text(packages[NAME_UV])
        others.write_text("".join(text for name, text in packages.items() if name != NAME_UV))
        pip = [f"{scratch}/bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
        pip += ["--no-cache-dir", "--only-binary=:all:", "--no-deps", "--require-hashes"]
        subprocess.run([*pip, "--requirement", str(for_uv)], env=env, check=True)
        # The file is the whole closure. A package that it lacked would fail as it has no hash.
        command = [f"{scratch}/bin/uv", "pip", "install", "--no-cache", "--no-build"]
        command += ["--no-config", "--require-hashes", "--python", sys.executable]
        command += ["--link-mode", "copy", "--target"]
        target = str(home / "packages")
        subprocess.run([*command, target, "--requirements", str(others)], env=env, check=True)
        static = ["--python-platform", f"{platform.machine()}-unknown-linux-musl", "--no-deps"]
        own = Path(scratch, "uv")
        command += [str(own), *static, "--requirements", str(for_uv)]
        subprocess.run(command, env=env, check=True)
        # One of the two programs that uv's package brings, and what tells of it.
        shutil.move(own / "bin/uv", home / "bin/uv")
        (described,) = own.glob("uv-*.dist-info")
        shutil.copytree(described, home / "licenses" / described.name)


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


def copy_shared_libraries(root: Path) -> list[Path]:
    """Copy what the programs and extension modules load, at the paths where it is now."""
    programs = [path for path in (root / HOME).rglob("*") if is_elf(path)]
    needed: set[str] = set()
    for program in programs:
        listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
        needed |= set(re.findall(r"(?:=>|^)\s*(/\S+)", listed.stdout, re.MULTILINE))
    inside = f"{root / HOME}/"
    libraries = sorted(Path(path) for path in needed if not path.startswith(inside))
    for library in libraries:
        copy_at_its_path(library, root)
    if Path("/etc/ld.so.cache").exists():
        copy_at_its_path(Path("/etc/ld.so.cache"), root)
    return libraries


def debian_packages(files: list[Path]) -> dict[str, str]:
    """What dpkg knows of the packages that files are from, by name; nothing where there is no dpkg.

    dpkg knows a file by the path at which its package has it, which may lack /usr.
    """
    if not shutil.which("dpkg-query"):
        return {}
    paths = {str(path) for path in files} | {os.path.realpath(path) for path in files}
    paths |= {path.removeprefix("/usr") for path in paths} | {f"/usr{path}" for path in paths}
    command = ["dpkg-query", "--search", *sorted(paths)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    owners = {line.partition(": ")[0] for line in listed.splitlines() if ": /" in line}
    names = {owner for line in owners for owner in line.split(", ") if " " not in owner}
    packages = {}
    for name in sorted(names):
        command = ["dpkg-query", "--status", name]
        status = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        packages[name.partition(":")[0]] = status
    return packages


def copy_notices(packages: dict[str, str], root: Path) -> None:
    """Copy the notices of Debian's packages, and list these where scanners of images look."""
    for name, status in packages.items():
        notice = Path("/usr/share/doc", name, "copyright")
        if notice.exists():
            target = root / notice.relative_to("/")
            target.parent.mkdir(parents=True)
            shutil.copy(notice, target)
        listed = root / "var/lib/dpkg/status.d" / name
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text(status)
    if packages and Path("/etc/os-release").exists():
        copy_at_its_path(Path("/etc/os-release"), root)


def index_of_licences(home: Path, packages: dict[str, str]) -> str:
    """What else is in the image: names, versions, licences, and where their texts are."""
    lines = [f"Python {platform.python_version()}: {licence_of_python(home, packages)}"]
    for metadata in sorted(home.glob("*/*.dist-info/METADATA")):
        about = HeaderParser().parsestr(metadata.read_text())
        classified = (line for line in about.get_all("Classifier", []) if "License" in line)
        licence = about["License-Expression"] or next(classified, about["License"] or "")
        folder = metadata.parent.relative_to(home.parent.parent)
        name = licence.rpartition(":: ")[2].partition("\n")[0]
        lines.append(f"{about['Name']} {about['Version']}: {name}, /{folder}")
    for name, status in packages.items():
        version = HeaderParser().parsestr(status)["Version"]
        lines.append(f"{name} {version}: /usr/share/doc/{name}/copyright")
    return "\n".join(lines) + "\n"


def licence_of_python(home: Path, packages: dict[str, str]) -> str:
    """Where the licence of the interpreter and of its library is."""
    if (home / "lib" / VERSION / "LICENSE.txt").exists():
        return f"/{HOME}/lib/{VERSION}/LICENSE.txt"
    names = [name for name in packages if name.startswith("python3")]
    return ", ".join(f"/usr/share/doc/{name}/copyright" for name in names) or "PSF-2.0"


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
