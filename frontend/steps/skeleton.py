"""The empty virtual environment, as a layer: skeleton.py"""

import glob
import os
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import finish  # noqa: E402
import places  # noqa: E402
import uv_run  # noqa: E402


def create_environment(report):
    os.makedirs(places.LAYER + "/app", exist_ok=True)
    uv_run.run_uv(
        [
            "venv",
            "--quiet",
            "--no-project",
            "--prompt",
            "app",
            "--python",
            os.environ["UV_PYTHON"],
            *(["--system-site-packages"] if "UV_FRONTEND_SEEN" in os.environ else []),
            places.VENV,
        ],
        report,
    )
    folders = os.environ.get("UV_FRONTEND_SEEN")
    if folders:
        # The base's Python is itself in an environment. This way its own .pth files count, too.
        (packages,) = glob.glob(places.VENV + "/lib/python*/site-packages")
        with open(packages + "/_uv_frontend_base.pth", "w") as output:
            for folder in folders.split(":"):
                output.write("import site; site.addsitedir(%r)\n" % folder)


def name_interpreter(path, version):
    """Make the environment one of an interpreter that is not here: that of another platform."""
    link = places.VENV + "/bin/python"
    os.unlink(link)
    os.symlink(path, link)
    with open(places.VENV + "/pyvenv.cfg") as source:
        lines = source.read().splitlines()
    known = {"home": os.path.dirname(path), "version_info": version}
    with open(places.VENV + "/pyvenv.cfg", "w") as output:
        for line in lines:
            key = line.split(" = ")[0]
            output.write("%s = %s\n" % (key, known[key]) if key in known else line + "\n")


def main():
    places.begin()
    create_environment("")
    if "UV_FRONTEND_INTERPRETER" in os.environ:
        name_interpreter(os.environ["UV_FRONTEND_INTERPRETER"], os.environ["UV_FRONTEND_VERSION"])
    finish.settle()


if __name__ == "__main__":
    main()
