"""Remove distributions from the Python that runs this: the names given, as an installer would.

Folders keep their times, so that the step leaves the same wherever and whenever it runs.
"""

import os
import re
import sys
import sysconfig
from importlib.metadata import distributions
from importlib.util import cache_from_source

names, files = set(sys.argv[1:]), set()
folders = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
for distribution in distributions(path=folders):
    if re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower() in names:
        for entry in distribution.files or ():
            path = os.path.normpath(str(distribution.locate_file(entry)))
            files.add(path)
            if path.endswith(".py"):
                files.add(cache_from_source(path))
times = {}
for path in sorted(files):
    folder = os.path.dirname(path)
    while folder not in times and os.path.isdir(folder):
        info = os.stat(folder)
        times[folder] = (info.st_atime_ns, info.st_mtime_ns)
        folder = os.path.dirname(folder)
for path in sorted(files):
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
        os.unlink(path)
touched = {os.path.dirname(path) for path in files}
for start in sorted(touched, key=len, reverse=True):
    empty = start
    while empty not in folders and os.path.isdir(empty) and not os.listdir(empty):
        os.rmdir(empty)
        empty = os.path.dirname(empty)
for folder, when in times.items():
    if os.path.isdir(folder):
        os.utime(folder, ns=when)
