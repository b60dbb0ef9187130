"""Run a command in the project's development environment: `tools/python tools/environment.py CMD`.

The environment is made first if needed, below the cache folder and not in the repository; it is
named for what pyproject.toml asks, so clones that ask the same share it. pyproject.toml pins the
direct dependencies and `exclude-newer` fixes all others, so no lock is needed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.engine import ca_bundle, cache  # noqa: E402 - found in ROOT


def environment() -> Path:
    """The development environment's folder, made if it is not there."""
    text = (ROOT / "pyproject.toml").read_bytes()
    key = hashlib.sha256(text + sys.version.encode()).hexdigest()[:12]
    target = cache.root() / "environments" / key
    with cache.locked(target.with_suffix(".lock")):
        if not (target / "complete").exists():
            print(f"Installing the development environment in {target}", file=sys.stderr)
            _install(target, tomllib.loads(text.decode()))
            (target / "complete").touch()
    return target


def _install(target: Path, project: dict[str, dict[str, list[str]]]) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", target], check=True)
    python = str(target / "bin/python")
    uv = next(each for each in project["dependency-groups"]["dev"] if each.startswith("uv=="))
    env = trusting(os.environ)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", uv]
    subprocess.run(pip, env=env, check=True, stdout=sys.stderr)
    wanted = ["--requirements", "pyproject.toml", "--group", "dev"]
    install = [str(target / "bin/uv"), "pip", "install", "--quiet", "--python", python, *wanted]
    subprocess.run(install, env=env, cwd=ROOT, check=True, stdout=sys.stderr)


def trusting(env: Mapping[str, str]) -> dict[str, str]:
    """The environment, with pip and uv told to trust what the machine trusts.

    Both bring certificates of their own, which lack a company's private authority.
    """
    bundle = ca_bundle()
    trust = {} if bundle is None else {"SSL_CERT_FILE": str(bundle), "PIP_CERT": str(bundle)}
    return {**trust, **env}


def main(command: list[str]) -> None:
    """Replace this process by the command."""
    folder = environment()
    path = f"{folder / 'bin'}:{os.environ.get('PATH', os.defpath)}"
    env = {**trusting(os.environ), "VIRTUAL_ENV": str(folder), "PATH": path}
    env.pop("PYTHONHOME", None)
    # Some name servers drop what uv asks in a burst: ask again after one second, not five.
    env.setdefault("RES_OPTIONS", "timeout:1 attempts:5")
    os.chdir(ROOT)
    os.execvpe(command[0], command, env)


if __name__ == "__main__":
    main(sys.argv[1:])
