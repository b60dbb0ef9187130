"""Bring the Python that runs this to the layer, as it is to be in every image.

    python.py                 run by the Python that uv has installed in /opt/uv-python

Copied with fixed times and modes, its standard library compiled, and a link to it that does not
name the patch version.
"""

import compileall
import os
import py_compile
import shutil
import stat
import sys

HOME = "/opt/uv-python"
TARGET = "/layer" + HOME
TIMESTAMP = 315532800  # 1980-01-01, as in places.py


def main():
    os.umask(0o022)
    os.makedirs(TARGET)
    # The real folder: uv also leaves a link that names the minor version.
    name = os.path.relpath(os.path.realpath(sys.prefix), HOME)
    place = os.path.join(TARGET, name)
    shutil.copytree(
        os.path.join(HOME, name),
        place,
        symlinks=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    os.symlink(name, os.path.join(TARGET, "python"))
    library = "python{}.{}".format(*sys.version_info[:2])
    compileall.compile_dir(
        os.path.join(place, "lib", library),
        quiet=2,
        stripdir="/layer",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    for directory, directories, files in os.walk("/layer", topdown=False):
        for entry in files + directories:
            path = os.path.join(directory, entry)
            info = os.lstat(path)
            os.chown(path, 0, 0, follow_symlinks=False)
            if not stat.S_ISLNK(info.st_mode):
                executable = stat.S_ISDIR(info.st_mode) or info.st_mode & 0o100
                os.chmod(path, 0o755 if executable else 0o644)
            os.utime(path, (TIMESTAMP, TIMESTAMP), follow_symlinks=False)
    os.utime("/layer", (TIMESTAMP, TIMESTAMP))


main()
