"""Write tools/requirements.txt: what the frontend image is made of, with the hashes of its files.

`python -m tools.requirements` in the development environment, after a change of pyproject.toml. The
file names no index: versions and hashes are the same wherever the files come from.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tools/requirements.txt"
_HEADER = """\
# Made by `python -m tools.requirements` from pyproject.toml. Not to be edited.
"""


def main() -> int:
    """Resolve anew, within the date that pyproject.toml sets."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (uv,) = (word for word in project["dependency-groups"]["dev"] if word.startswith("uv=="))
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.13"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "uv.in").write_text(f"{uv}\n")
        inputs = [ROOT / "pyproject.toml", Path(folder) / "uv.in"]
        done = subprocess.run(
            [*command, *inputs], cwd=ROOT, check=False, capture_output=True, text=True
        )
    if done.returncode:
        print(done.stderr, file=sys.stderr, end="")
        return 1
    FILE.write_text(_HEADER + done.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
