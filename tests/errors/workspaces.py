"""Tiny workspaces, written file by file and locked by uv itself."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Self

from frontend.resolve.export import uv_binary

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = "# syntax=org/uv-frontend\n"
ROOT = """\
    [tool.uv.workspace]
    members = ["services/*", "libs/*"]
    """
#: The root manifest where members depend on `core`.
SOURCES = """\
    [tool.uv.workspace]
    members = ["services/*", "libs/*"]

    [tool.uv.sources]
    core = { workspace = true }
    """
#: A build backend that needs no index: it stands beside the sources that it packs.
BACKEND = """\
    import zipfile
    from pathlib import Path

    NAME = Path.cwd().name


    def build_wheel(folder, config_settings=None, metadata_directory=None):
        info = f"{NAME}-1.0.dist-info"
        with zipfile.ZipFile(Path(folder, f"{NAME}-1.0-py3-none-any.whl"), "w") as wheel:
            for module in sorted(Path().glob("*.py")):
                wheel.write(module, f"{NAME}/{module.name}")
            metadata = f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: 1.0\\n"
            wheel.writestr(f"{info}/METADATA", metadata)
            about = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
            wheel.writestr(f"{info}/WHEEL", about)
            wheel.writestr(f"{info}/RECORD", "")
        return f"{NAME}-1.0-py3-none-any.whl"
    """


@dataclass(frozen=True)
class Workspace:
    """A folder that is a workspace, and the context of its builds."""

    folder: Path

    def write(self, name: str, text: str) -> Self:
        """Write a file; the text's indentation is that of the test it stands in."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return self

    def replace(self, name: str, old: str, new: str) -> Self:
        """Change a file at one place."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))
        return self

    def service(self, name: str, more: str = "") -> Self:
        """Add a member that can be run and is not built: its files are what the image holds.

        `more` are further lines of its manifest, of [project] as far as no header comes first.
        """
        head = f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        tail = f'\n[project.scripts]\n{name} = "{name}:main"\n\n[tool.uv]\npackage = false\n'
        self.write(f"services/{name}/pyproject.toml", head + dedent(more) + tail)
        return self.write(f"services/{name}/main.py", "print('here I am')\n")

    def library(self, name: str, backend: str = BACKEND) -> Self:
        """Add a member that is built, by a backend of its own."""
        self.write(
            f"libs/{name}/pyproject.toml",
            f"""\
            [project]
            name = "{name}"
            version = "1.0"
            requires-python = ">=3.11"

            [build-system]
            requires = []
            build-backend = "backend"
            backend-path = ["."]
            """,
        )
        self.write(f"libs/{name}/__init__.py", "")
        return self.write(f"libs/{name}/backend.py", backend)

    def lock(self, *options: str) -> Self:
        """Let uv write the lock; without `options` it needs no network."""
        command = [uv_binary(), "lock", "--quiet", "--no-config", *(options or ["--offline"])]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return self


def workspace(folder: Path) -> Workspace:
    """An empty workspace with the Dockerfile of one line."""
    return Workspace(folder).write("Dockerfile", DOCKERFILE).write("pyproject.toml", ROOT)
