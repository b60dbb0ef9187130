"""Install what the generated lock names, as a layer: packages.py REPORT [PACKAGE ...]

PACKAGEs are built anew.
"""

import json
import os
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import bytecode  # noqa: E402
import finish  # noqa: E402
import origins  # noqa: E402
import places  # noqa: E402
import relocation  # noqa: E402
import skeleton  # noqa: E402
import trimming  # noqa: E402
import uv_run  # noqa: E402


def packages(report, reinstall):
    """Install the generated lock into an environment of its own, and keep only what that added."""
    skeleton.create_environment(report)
    arguments = [
        "sync",
        "--quiet",
        "--frozen",
        "--no-install-project",
        "--inexact",
        "--no-default-groups",
    ]
    if os.path.exists(places.ROOT + "/beneath/uv.lock"):
        # What is built without isolation finds what it needs in the environment.
        uv_run.run_uv([*arguments, "--project", places.ROOT + "/beneath"], report)
    before = set(places.entries(places.LAYER))
    for name in reinstall:
        # uv's cache does not see edits below a source directory: it would install old code.
        arguments += ["--reinstall-package", name]
    if os.environ.get("UV_FRONTEND_PLATFORM"):
        arguments += ["--python-platform", os.environ["UV_FRONTEND_PLATFORM"]]
    uv_run.run_uv([*arguments, "--project", places.ROOT + "/lock"], report)
    origins.note_origins()
    if os.environ.get("UV_COMPILE_BYTECODE") == "1":
        # What is built anew has other code each time, and without a network there is no cache.
        bytecode.compile_installed(before, keep=not reinstall and not places.OFFLINE)
    for path in sorted(before, reverse=True):
        if os.path.islink(path) or not os.path.isdir(path):
            if os.path.lexists(path):
                os.unlink(path)
    patterns = os.environ.get("UV_FRONTEND_TRIM")
    if patterns:
        trimming.trim(patterns.split("\n"))
    lock = places.LAYER + places.VENV + "/.lock"
    if os.path.exists(lock):
        os.unlink(lock)
    for path in places.entries(places.LAYER):
        if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
            if path in before or path.endswith("__pycache__"):
                os.rmdir(path)
    if places.PREFIX:
        relocation.move_to(json.loads(places.PREFIX))


def main(report, *names):
    places.begin(report)
    packages(report, names)
    finish.settle(finish.keep_folders() if places.PREFIX else frozenset())


if __name__ == "__main__":
    main(*sys.argv[1:])
