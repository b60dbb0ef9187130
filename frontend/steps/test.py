"""Run a package's tests in the image: test.py REPORT PROGRAM [ARGUMENT ...].

Leaves in /layer what the tests have put into $TEST_RESULTS, which is that folder, and all that they
printed in `output.txt`. Red tests leave the end of that in REPORT, as other steps do.
"""

import os
import subprocess
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import places  # noqa: E402

MOST_LINES = 100


def main(report, command):
    places.forget(report)
    env = dict(os.environ, TEST_RESULTS=places.LAYER)
    lines = []
    try:
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError as error:
        found = {"kind": "test command", "package": "", "detail": error.strerror, "output": ""}
        print(error, flush=True)
        places.fail(report, found)
    with open(places.LAYER + "/output.txt", "w", encoding="utf-8") as output:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            lines.append(line)
            print(line, flush=True)
            print(line, file=output)
    code = process.wait()
    if code:
        found = {"kind": "tests", "package": "", "detail": str(code)}
        places.fail(report, dict(found, output="\n".join(lines[-MOST_LINES:])))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
