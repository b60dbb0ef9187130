"""Copy the report that a failed step left to this step's output: report.py NAME.

An empty output says that there is none.
"""

import os
import shutil
import sys

source = os.path.join("/run/uv-frontend/reports", sys.argv[1])
target = "/layer/report.json"
if os.path.exists(source):
    shutil.copyfile(source, target)
    os.unlink(source)
else:
    open(target, "w").close()
