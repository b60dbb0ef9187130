"""Bring the first report that one of NAMEs left: report.py NAME [...].

Writes {"name": …, "report": …} to this step's output, or an empty file where there is none.
"""

import json
import os
import sys

REPORTS = "/run/uv-frontend/reports"
TARGET = "/layer/report.json"

with open(TARGET, "w") as output:
    for name in sys.argv[1:]:
        path = os.path.join(REPORTS, name)
        if os.path.exists(path):
            with open(path) as source:
                json.dump({"name": name, "report": json.load(source)}, output)
            break
