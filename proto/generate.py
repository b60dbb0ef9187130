"""Write the Python modules of the `.proto` files beside this one to `llb/pb`.

    python -m proto.generate            write llb/pb/*_pb2.py and llb/pb/*_pb2.pyi
    python -m proto.generate --check    compare, write nothing; exit status 1 if they differ

Needs grpcio-tools and mypy-protobuf, which only the development environment has. The generated
modules refuse a protobuf runtime older than the generator's, so these versions are pinned together.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
ROOT = SOURCES.parent
#: The package of the generated modules, as a path: protoc derives module names from it.
PACKAGE = Path("llb/pb")


def generate(destination: Path) -> None:
    """Write all stubs to `destination`/llb/pb/. Raise RuntimeError if the compiler fails."""
    # Imported here so that this module can be loaded (by the tests' collection, say) without it.
    from grpc_tools import _proto as well_known
    from grpc_tools import protoc

    # The plugin is installed beside the interpreter; that folder need not be on PATH.
    plugin = shutil.which("protoc-gen-mypy", path=str(Path(sys.executable).parent)) or shutil.which(
        "protoc-gen-mypy"
    )
    if plugin is None:
        raise RuntimeError("protoc-gen-mypy not found: install mypy-protobuf")
    with tempfile.TemporaryDirectory() as staging:
        sources = _stage(Path(staging))
        status = protoc.main(
            [
                "protoc",
                f"-I{staging}",
                *(f"-I{path}" for path in well_known.__path__),
                f"--plugin=protoc-gen-mypy={plugin}",
                f"--python_out={destination}",
                f"--mypy_out=quiet:{destination}",
                *sources,
            ]
        )
    if status != 0:
        raise RuntimeError(f"protoc failed with exit status {status}")


def _stage(root: Path) -> list[str]:
    """Copy the sources to where the package of the stubs is below `root`; return their paths."""
    folder = root / PACKAGE
    folder.mkdir(parents=True)
    for path in sorted(SOURCES.glob("*.proto")):
        text = path.read_text().replace('import "proto/', f'import "{PACKAGE}/')
        (folder / path.name).write_text(text)
    return sorted(path.relative_to(root).as_posix() for path in folder.glob("*.proto"))


def stubs(directory: Path) -> dict[str, bytes]:
    """Name and content of the generated files in `directory`."""
    paths = [*directory.glob("*_pb2.py"), *directory.glob("*_pb2.pyi")]
    return {path.name: path.read_bytes() for path in sorted(paths)}


def stale(directory: Path = ROOT / PACKAGE) -> list[str]:
    """Names of files in `directory` that are missing, left over or unlike what would be written."""
    with tempfile.TemporaryDirectory() as temporary:
        generate(Path(temporary))
        wanted = stubs(Path(temporary) / PACKAGE)
    found = stubs(directory)
    return sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit status is returned."""
    parser = argparse.ArgumentParser(prog="python -m proto.generate")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(argv)
    if options.check:
        names = stale()
        for name in names:
            print(f"{PACKAGE}/{name} does not match its source", file=sys.stderr)
        return 1 if names else 0
    # Through a temporary directory, so that a failing compiler leaves the old files in place.
    with tempfile.TemporaryDirectory() as temporary:
        generate(Path(temporary))
        wanted = stubs(Path(temporary) / PACKAGE)
    for name in stubs(ROOT / PACKAGE).keys() - wanted.keys():
        (ROOT / PACKAGE / name).unlink()
    for name, content in wanted.items():
        (ROOT / PACKAGE / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
