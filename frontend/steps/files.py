"""Files as they are, as a layer: files.py REPORT FROM TO [...]

FROM is below the sources, and a pattern where it holds wildcards; TO is in the image.
"""

import glob
import os
import shutil
import subprocess
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import finish  # noqa: E402
import places  # noqa: E402


def copy(report, pairs):
    """Copy each FROM (below the sources; a pattern where it holds wildcards) to TO in the image."""
    for source, target in zip(pairs[::2], pairs[1::2]):
        base = places.SOURCES + "/" + source if source not in ("", ".") else places.SOURCES
        # A name may look like a pattern: one that exists is meant.
        found = [base] if os.path.lexists(base) else sorted(glob.glob(base))
        if not found:
            places.fail(
                report, {"kind": "files", "package": source, "detail": source, "output": ""}
            )
        for path in found:
            place = places.LAYER + target
            if target.endswith("/") and source not in ("", "."):
                place += os.path.basename(path)
            if os.path.isdir(path) and not os.path.islink(path):
                copy_tree(path, place)
            else:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                shutil.copy2(path, place, follow_symlinks=False)


def copy_tree(source, target):
    os.makedirs(target, exist_ok=True)
    for entry in sorted(os.listdir(source)):
        path, place = os.path.join(source, entry), os.path.join(target, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            copy_tree(path, place)
        else:
            shutil.copy2(path, place, follow_symlinks=False)


def compile_copied():
    """Bytecode for copied Python sources, as uv makes it for installed ones."""
    command = [sys.executable, "-s", "-S", "-m", "compileall", "-q", "-d", "/app"]
    command += ["--invalidation-mode", "unchecked-hash", places.LAYER + "/app"]
    # In a process of its own: this one ignores the environment and so has a random hash seed, which
    # before Python 3.11 decides the order of sets in bytecode. A file that cannot be compiled is
    # left for Python to refuse.
    env = dict(os.environ, PYTHONHASHSEED="0")
    subprocess.call(command, cwd="/", env=env, stdout=subprocess.DEVNULL)


def main(report, *pairs):
    places.begin(report)
    os.makedirs(places.LAYER + "/app", exist_ok=True)
    copy(report, pairs)
    if os.environ.get("UV_COMPILE_BYTECODE") == "1":
        compile_copied()
    finish.settle(finish.keep_folders())


if __name__ == "__main__":
    main(*sys.argv[1:])
