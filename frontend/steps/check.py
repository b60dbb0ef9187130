"""Run a command as a user of the image: check.py REPORT USER COMMAND [WORD ...]

USER is a name or number, with a group if need be, as in an image's configuration. This itself runs
as root, as a failure's REPORT goes to a directory that outlives the step.
"""

import grp
import json
import os
import pwd
import subprocess
import sys

REPORTS = "/run/uv-frontend/reports"
LINES = 60


def account(text):
    """User number, group numbers (the first is the main one) and home of `name[:group]`."""
    user, _, group = text.partition(":")
    try:
        entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        if not user.isdigit():
            raise
        entry = None
    uid = entry.pw_uid if entry else int(user)
    if group:
        main = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
        groups = [main]
    else:
        main = entry.pw_gid if entry else 0
        groups = [main]
        if entry:
            more = [each.gr_gid for each in grp.getgrall() if entry.pw_name in each.gr_mem]
            groups += [gid for gid in more if gid != main]
    return uid, groups, entry.pw_dir if entry else "/"


def run(user, command):
    """The exit code, in words, and the end of what the command printed; words are empty for 0."""
    uid, groups, home = account(user)

    def drop():
        os.setgroups(groups)
        os.setgid(groups[0])
        os.setuid(uid)

    env = dict(os.environ)
    # What the engine sets for every process of root's, and this one is.
    if uid and env.get("HOME", "/root") == "/root":
        env["HOME"] = home
    lines = []
    try:
        process = subprocess.Popen(
            command,
            env=env,
            preexec_fn=drop,  # noqa: PLW1509 - this process has one thread
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return "it cannot be started: %s" % error, lines
    for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip("\n")
        lines = [*lines[1 - LINES :], line]
        print(line, flush=True)
    code = process.wait()
    return (
        "exit code %d" % code if code > 0 else "ended by signal %d" % -code if code else ""
    ), lines


def main(arguments):
    report, user, command = arguments[0], arguments[1], arguments[2:]
    path = os.path.join(REPORTS, report)
    if os.path.exists(path):
        os.unlink(path)
    detail, lines = run(user, command)
    if detail:
        found = {"kind": "check", "package": "", "detail": detail, "output": "\n".join(lines)}
        with open(path + ".tmp", "w") as output:
            json.dump(found, output)
        os.replace(path + ".tmp", path)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
