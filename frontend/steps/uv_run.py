"""Run uv, and say in a report why it failed."""

import re
import subprocess

import access
import places


def run_uv(arguments, report):
    """Run uv, pass on what it says and, when it fails, explain it in `report` and end."""
    process = subprocess.Popen(
        [places.UV, *arguments],
        env=access.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines = []
    secret = access.hidden(access.given())
    for raw in process.stdout:
        line = raw.decode("utf-8", "replace").rstrip("\n")
        for value in secret:
            line = line.replace(value, "****")
        # Names of our generated project mean nothing to the user.
        if "uv-frontend-layer" in line or line.startswith(
            "hint: Consider enabling use of system TLS"
        ):
            continue
        lines.append(line)
        print(line, flush=True)
    if process.wait():
        places.fail(report, classify("\n".join(lines)))


def classify(output):
    """Name the kind of failure, and the package it is about, from what uv printed (uv 0.13)."""
    # What a build backend printed is indented below these lines, and may say anything.
    said = "\n".join(re.findall(r"^(?:error:|  cause:).*", output, re.M)) or output
    package = re.search(r"(?:download|build|fetch|Distribution|for) `([A-Za-z0-9._-]+)", said)
    tail = "\n".join(output.strip().splitlines()[-60:])
    found = {"package": package.group(1) if package else "", "output": tail, "detail": ""}
    url = re.search(r"Failed to fetch: `?(\S+?)`?$", said, re.M)
    if "Git operation failed" in said:
        return dict(found, **classify_git(output))
    needed = re.search(r"No solution found when resolving: (.*)", said)
    if places.OFFLINE and needed:
        found["kind"], found["detail"] = "requirement", needed.group(1).strip("`")
        return found
    for kind, pattern in (
        ("hash", r"Hash mismatch"),
        ("certificate", r"invalid peer certificate.*|certificate verify failed.*"),
        ("auth", r"401 Unauthorized|403 Forbidden"),
        ("missing", r"404 Not Found|410 Gone"),
        ("wheel", r"doesn't have a source distribution or wheel|has no binary distribution"),
        ("git", r"Git executable not found"),
        ("git-lfs", r"Git LFS extension not found|Is Git LFS configured"),
        ("network", r"error sending request|HTTP status server error|reading a body|timed out"),
        ("build", r"Failed to build|build backend returned an error"),
    ):
        match = re.search(pattern, said)
        if match:
            found["kind"] = kind
            found["detail"] = (
                url.group(1) if url and kind not in ("hash", "build") else match.group(0)
            )
            if kind == "hash":
                hashes = re.findall(r"sha(?:256|384|512):[0-9a-f]{64,}", output)
                found["detail"] = " ".join(hashes[:2])
            return found
    found["kind"] = "other"
    return found


def classify_git(output):
    """The same for what git printed, with the repository's address as the detail."""
    address = re.search(r"(?:git\+)?((?:ssh|https?)://[^\s'`]+)", output)
    found = {"kind": "other", "detail": address.group(1) if address else ""}
    for kind, pattern in (
        ("git", r"Git executable not found"),
        ("git-lfs", r"Git LFS extension not found|Is Git LFS configured"),
        ("git-ssh", r"cannot run ssh|ssh: not found|ssh: No such file"),
        ("git-host", r"Host key verification failed"),
        ("certificate", r"certificate verif\w+ failed|SSL certificate problem"),
        (
            "git-access",
            r"Permission denied|could not read (?:Username|Password)|Authentication failed"
            r"|terminal prompts disabled|[Rr]epository not found|returned error: 40[134]",
        ),
        (
            "network",
            r"[Cc]ould not resolve host|Failed to connect|Connection (?:refused|timed out)",
        ),
    ):
        if re.search(pattern, output):
            found["kind"] = kind
            break
    return found
