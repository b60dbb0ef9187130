"""Say which distributions the Python that runs this has: JSON at the path given as only argument.

{"distributions": {"torch": "2.9.1"}, "environment": ["/opt/venv/lib/python3.13/site-packages"]},
where the second is empty unless the Python is that of a virtual environment: such folders are not
among those that an environment of its own sees.
"""

import json
import re
import site
import sys
from importlib.metadata import distributions

found = {}
for distribution in distributions():
    name = distribution.metadata["Name"]
    if name:
        # The first one on the path is the one that is imported.
        found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
own = site.getsitepackages() if sys.prefix != sys.base_prefix else []
with open(sys.argv[1], "w") as output:
    json.dump({"distributions": found, "environment": own}, output, sort_keys=True)
