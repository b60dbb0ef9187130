"""Say where the Python that runs this has its packages, as JSON to the path given as only argument.

{"prefixes": ["/usr/local"], "packages": "/usr/local/lib/python3.13/site-packages", "scripts":
"/usr/local/bin", "data": "/usr/local", "distributions": {"numpy": ["1.26.4", true]}}, where the
flag says whether a distribution tells which files are its own. Links are resolved: a folder of a
layer must not take the place of a link.
"""

import json
import os
import re
import sys
import sysconfig
from importlib.metadata import distributions

paths = {name: os.path.realpath(path) for name, path in sysconfig.get_paths().items()}
found = {}
for distribution in distributions(path=sorted({paths["purelib"], paths["platlib"]})):
    name = distribution.metadata["Name"]
    if name:
        key = re.sub(r"[-_.]+", "-", name).lower()
        found.setdefault(key, [distribution.version, bool(distribution.files)])
description = {
    "prefixes": sorted({sys.prefix, sysconfig.get_path("data")}),
    "packages": paths["purelib"],
    "scripts": paths["scripts"],
    "data": paths["data"],
    "distributions": found,
}
with open(sys.argv[1], "w") as output:
    json.dump(description, output, sort_keys=True)
