"""Bytecode of the standard library where it has none, as a layer: stdlib.py"""

import importlib.util
import os
import py_compile
import subprocess
import sys
import sysconfig

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import finish  # noqa: E402
import places  # noqa: E402


def compile_standard_library():
    """Bytecode for the modules of the standard library that have none, in a process of its own."""
    command = [sys.executable, "-s", "-S", "-B", os.path.abspath(__file__)]
    command.append(sysconfig.get_path("stdlib"))
    if subprocess.call(command, cwd="/", env=dict(os.environ, PYTHONHASHSEED="0")):
        sys.exit("the standard library could not be compiled")


def write_bytecode(top):
    """What `compile_standard_library` runs: its tests are left out, as nobody imports them."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    without = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idle_test"}
    # Where the folder really is: a link of the base must not become a folder.
    for directory, directories, files in os.walk(os.path.realpath(top)):
        directories[:] = sorted(name for name in directories if name not in without)
        for name in sorted(files):
            source = os.path.join(directory, name)
            target = importlib.util.cache_from_source(source)
            if name.endswith(".py") and not os.path.exists(target):
                try:
                    py_compile.compile(
                        source, places.LAYER + target, source, True, invalidation_mode=unchecked
                    )
                except py_compile.PyCompileError:
                    # Made to be wrong, such as those for lib2to3's tests.
                    continue


def main():
    os.umask(0o022)
    compile_standard_library()
    finish.settle(finish.keep_folders())


if __name__ == "__main__":
    if sys.argv[1:]:
        write_bytecode(sys.argv[1])
    else:
        main()
