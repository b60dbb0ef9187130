"""The version that a member has by git: version.py FOLDER NAME"""

import glob
import os
import subprocess
import sys

# An isolated Python does not look beside its script.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import access  # noqa: E402
import finish  # noqa: E402
import places  # noqa: E402


def version(folder, name):
    """Write the version that a package's own backend makes of the history of git.

    Of the last commit alone: what is not committed would make it another one at each moment.
    """
    checkout = places.ROOT + "/checkout"
    env = access.environment()
    for number, setting in enumerate(
        (
            ("safe.directory", "*"),
            # Large files are not looked at; their filters need not be there.
            ("filter.lfs.smudge", ""),
            ("filter.lfs.process", ""),
            ("filter.lfs.required", "false"),
        )
    ):
        env["GIT_CONFIG_KEY_%d" % number], env["GIT_CONFIG_VALUE_%d" % number] = setting
        env["GIT_CONFIG_COUNT"] = str(number + 1)
    os.environ.update({name: env[name] for name in env if name.startswith("GIT_CONFIG_")})
    for lock in glob.glob(checkout + "/.git/*.lock"):
        os.unlink(lock)
    for arguments in (["sparse-checkout", "set", folder], ["reset", "--quiet", "--hard"]):
        subprocess.call(["git", *arguments], cwd=checkout, env=env)
    # The name of a source distribution has the version, and making one compiles nothing.
    command = [places.UV, "build", "--sdist", "--quiet", "--out-dir", "/tmp/sdist"]
    code = subprocess.call([*command, os.path.join(checkout, folder)], env=env)
    made = glob.glob("/tmp/sdist/*.tar.gz")
    if code or not made:
        sys.exit("no source distribution of %s was made" % name)
    with open(places.LAYER + "/version", "w") as output:
        output.write(made[0][: -len(".tar.gz")].rpartition("-")[2])


def main(folder, name):
    places.begin()
    version(folder, name)
    finish.settle()


if __name__ == "__main__":
    main(*sys.argv[1:])
