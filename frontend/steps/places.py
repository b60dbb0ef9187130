"""What all steps share: where things are in a step's container, and how a step fails.

A step writes one layer of the image into the empty directory /layer, of which /app shows the part
app. Whatever is written there is the same on every machine: fixed times, one mode per kind of file,
no trace of the moment (`finish.py`).

When a step fails for a reason that the user can mend, REPORT (a name) receives it as JSON, in a
directory that outlives the failed step: the exit code alone could not carry it.
"""

import json
import os
import sys

ROOT = "/run/uv-frontend"
UV = ROOT + "/uv"
SOURCES = ROOT + "/src"
REPORTS = ROOT + "/reports"
BYTECODE = ROOT + "/cache/uv-frontend-bytecode-v1"
LAYER = "/layer"
VENV = "/app/.venv"
PREFIX = os.environ.get("UV_FRONTEND_PREFIX")
OFFLINE = os.environ.get("UV_OFFLINE") == "1"
TIMESTAMP = 315532800  # 1980-01-01: the earliest time that every archive format can hold


def begin(report=""):
    """Begin a step that writes files of the image."""
    os.umask(0o022)
    forget(report)


def forget(report):
    """Remove a report of that name: an earlier build left it, and ended before anybody asked."""
    if report and os.path.exists(os.path.join(REPORTS, report)):
        os.unlink(os.path.join(REPORTS, report))


def entries(top):
    """Every path below `top`, deepest first, links not followed."""
    for directory, directories, files in os.walk(top, topdown=False):
        for name in files + directories:
            yield os.path.join(directory, name)


def fail(report, found):
    """Leave `found` for the frontend and end this step."""
    try:
        if report:
            path = os.path.join(REPORTS, report)
            with open(path + ".tmp", "w") as output:
                json.dump(found, output)
            os.replace(path + ".tmp", path)
    except OSError as error:
        print("uv-frontend: no report could be left: %s" % error, file=sys.stderr)
    sys.exit(1)
