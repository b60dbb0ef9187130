"""Write one layer of the image into the empty directory /layer, of which /app shows the part app.

    layer.py skeleton                         the empty virtual environment
    layer.py packages REPORT [PACKAGE ...]    what the generated lock names, PACKAGEs built anew
    layer.py copy REPORT FROM TO [...]        files: FROM below the sources, TO in the image
    layer.py stdlib                           bytecode of the standard library, where it has none
    layer.py compile                          bytecode for the sources that standard input names

When a step fails for a reason that the user can mend, REPORT (a name) receives it as JSON, in a
directory that outlives the failed step: the exit code alone could not carry it. Whatever is written
here is the same on every machine: fixed times, one mode per kind of file, no trace of the moment.
"""

import base64
import glob
import hashlib
import importlib.util
import json
import marshal
import os
import re
import shutil
import stat
import subprocess
import sys
import warnings
from urllib.parse import quote, unquote

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
ACCOUNT = re.compile(r"://([^/@:\s]+)(?::([^/@\s]*))?@")
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def environment():
    """The environment for uv, with what was given as secrets.

    A CA bundle is added to the system's own.
    """
    # Where uv knows a width it breaks its messages, which are read here line by line.
    # Bytecode is made afterwards: see compile_installed.
    env = dict(os.environ, COLUMNS="1000", UV_COMPILE_BYTECODE="0")
    secret = ROOT + "/ca.pem"
    if os.path.exists(secret):
        bundle = "/tmp/uv-frontend-ca.pem"
        system = [path for path in SYSTEM_BUNDLES if os.path.exists(path)][:1]
        with open(bundle, "wb") as output:
            for part in [secret, *system]:
                with open(part, "rb") as source:
                    output.write(source.read() + b"\n")
        for name in (
            "SSL_CERT_FILE",
            "GIT_SSL_CAINFO",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "PIP_CERT",
        ):
            env[name] = bundle
        env["CARGO_HTTP_CAINFO"] = bundle
    env.update(credentials(given(), env))
    return env


def given():
    """What was given as secrets, by name."""
    folder, found = ROOT + "/secrets", {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        # BuildKit leaves an empty file as the mount point of a secret that was not given.
        if os.path.getsize(folder + "/" + name):
            with open(folder + "/" + name) as source:
                found[name] = source.read().strip()
    return found


def credentials(secrets, env):
    """Variables for uv and git; what git reads from files goes to /tmp, which is in no layer."""
    found = {}
    for name, value in secrets.items():
        if name == "netrc":
            found["NETRC"] = ROOT + "/secrets/netrc"
            if not os.path.lexists("/tmp/.netrc"):  # where git and pip look for it
                os.symlink(found["NETRC"], "/tmp/.netrc")
        elif name in ("HTTP_PROXY", "HTTPS_PROXY"):
            found[name] = found[name.lower()] = value
        elif name.startswith("UV_INDEX_") and not name.endswith(("_USERNAME", "_PASSWORD")):
            # The whole address, which uv knows no variable for.
            account = ACCOUNT.search(value)
            if account:
                found[name + "_USERNAME"] = unquote(account.group(1))
                found[name + "_PASSWORD"] = unquote(account.group(2) or "")
        elif name.startswith("UV_"):
            found[name] = value
    git_settings({n: v for n, v in secrets.items() if n.startswith("GIT_AUTH_")})
    found.update(ssh("known_hosts" in secrets, env))
    return found


def git_settings(secrets):
    """Let git find tokens (GIT_AUTH_TOKEN) and headers by the hosts that the lock names."""
    if not secrets:
        return
    with open(ROOT + "/lock/uv.lock") as source:
        addresses = re.findall(r'git = "(https?)://(?:[^/"@]*@)?([^/"?#]+)', source.read())
    stored, settings = [], ["[credential]", "\thelper = store --file=/tmp/.git-credentials"]
    for scheme, host in sorted(set(addresses)):
        token = secrets.get("GIT_AUTH_TOKEN." + host, secrets.get("GIT_AUTH_TOKEN"))
        header = secrets.get("GIT_AUTH_HEADER." + host, secrets.get("GIT_AUTH_HEADER"))
        if token:
            stored.append("%s://x-access-token:%s@%s" % (scheme, quote(token, safe=""), host))
        if header:
            escaped = header.replace("\\", "\\\\").replace('"', '\\"')
            settings.append('[http "%s://%s/"]' % (scheme, host))
            settings.append('\textraHeader = "Authorization: %s"' % escaped)
    # HOME is /tmp: a file and no variables, so that old releases of git read it as well.
    for path, lines in (("/tmp/.gitconfig", settings), ("/tmp/.git-credentials", stored)):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write("".join(line + "\n" for line in lines))


def ssh(known, env):
    """Variables for git over SSH: the client's agent, and servers that must be known by their key.

    A server that nobody vouches for is refused: to whom the agent signs is not left to chance.
    """
    found = {}
    if os.path.exists(ROOT + "/ssh-agent"):
        found["SSH_AUTH_SOCK"] = ROOT + "/ssh-agent"
    if "GIT_SSH_COMMAND" not in env:
        command = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes"
        if known:
            command += " -o UserKnownHostsFile=" + ROOT + "/secrets/known_hosts"
        found["GIT_SSH_COMMAND"] = command
    return found


def hidden(secrets):
    """What must not be printed: passwords, tokens and whatever else stands for them."""
    found = set()
    for name, value in secrets.items():
        if name == "netrc":
            found.update(re.findall(r"\bpassword\s+(\S+)", value))
        elif name == "known_hosts" or name.endswith("_USERNAME"):
            continue
        elif "://" in value:
            for user, password in ACCOUNT.findall(value):
                # A token may stand alone, in the user's place.
                found.update((password or user, unquote(password or user)))
        else:
            found.update((value, value.rpartition(" ")[2]))
    # Something as short stands everywhere in what is printed, and protects nothing.
    return sorted((value for value in found if len(value) > 3), key=len, reverse=True)


def run_uv(arguments, report):
    """Run uv, pass on what it says and, when it fails, explain it in `report` and end."""
    process = subprocess.Popen(
        [UV, *arguments], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = []
    secret = hidden(given())
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
        fail(report, classify("\n".join(lines)))


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
    if OFFLINE and needed:
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


def entries(top):
    """Every path below `top`, deepest first, links not followed."""
    for directory, directories, files in os.walk(top, topdown=False):
        for name in files + directories:
            yield os.path.join(directory, name)


def create_environment(report):
    run_uv(
        [
            "venv",
            "--quiet",
            "--no-project",
            "--prompt",
            "app",
            "--python",
            os.environ["UV_PYTHON"],
            *(["--system-site-packages"] if "UV_FRONTEND_SEEN" in os.environ else []),
            VENV,
        ],
        report,
    )
    folders = os.environ.get("UV_FRONTEND_SEEN")
    if folders:
        # The base's Python is itself in an environment. This way its own .pth files count, too.
        (packages,) = glob.glob(VENV + "/lib/python*/site-packages")
        with open(packages + "/_uv_frontend_base.pth", "w") as output:
            for folder in folders.split(":"):
                output.write("import site; site.addsitedir(%r)\n" % folder)


def name_interpreter(path, version):
    """Make the environment one of an interpreter that is not here: that of another platform."""
    link = VENV + "/bin/python"
    os.unlink(link)
    os.symlink(path, link)
    with open(VENV + "/pyvenv.cfg") as source:
        lines = source.read().splitlines()
    known = {"home": os.path.dirname(path), "version_info": version}
    with open(VENV + "/pyvenv.cfg", "w") as output:
        for line in lines:
            key = line.split(" = ")[0]
            output.write("%s = %s\n" % (key, known[key]) if key in known else line + "\n")


def packages(report, reinstall):
    """Install the generated lock into an environment of its own, and keep only what that added."""
    create_environment(report)
    arguments = [
        "sync",
        "--quiet",
        "--frozen",
        "--no-install-project",
        "--inexact",
        "--no-default-groups",
    ]
    if os.path.exists(ROOT + "/beneath/uv.lock"):
        # What is built without isolation finds what it needs in the environment.
        run_uv([*arguments, "--project", ROOT + "/beneath"], report)
    skeleton = set(entries(LAYER))
    for name in reinstall:
        # uv's cache does not see edits below a source directory: it would install old code.
        arguments += ["--reinstall-package", name]
    if os.environ.get("UV_FRONTEND_PLATFORM"):
        arguments += ["--python-platform", os.environ["UV_FRONTEND_PLATFORM"]]
    run_uv([*arguments, "--project", ROOT + "/lock"], report)
    note_origins()
    if os.environ.get("UV_COMPILE_BYTECODE") == "1":
        # What is built anew has other code each time, and without a network there is no cache.
        compile_installed(skeleton, keep=not reinstall and not OFFLINE)
    for path in sorted(skeleton, reverse=True):
        if os.path.islink(path) or not os.path.isdir(path):
            if os.path.lexists(path):
                os.unlink(path)
    patterns = os.environ.get("UV_FRONTEND_TRIM")
    if patterns:
        trim(patterns.split("\n"))
    lock = LAYER + VENV + "/.lock"
    if os.path.exists(lock):
        os.unlink(lock)
    for path in entries(LAYER):
        if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
            if path in skeleton or path.endswith("__pycache__"):
                os.rmdir(path)
    if PREFIX:
        move_to(json.loads(PREFIX))


def move_to(prefix):
    """Move what was installed to the folders of the base's own Python.

    Its scripts then run by that, and lists of files (PEP 376) say where they are.
    """
    environment = LAYER + VENV
    moved, changed = {}, {}
    for path in sorted(entries(environment)):
        if os.path.isdir(path) and not os.path.islink(path):
            continue
        inside = os.path.relpath(path, environment)
        packages = re.match("lib/python[^/]+/site-packages/", inside)
        if packages:
            target = prefix["packages"] + "/" + inside[packages.end() :]
        elif inside.startswith("bin/"):
            target = prefix["scripts"] + inside[3:]
            content = rename_interpreter(path, prefix["interpreter"])
            if content is not None:
                changed[target] = content
        else:
            target = prefix["data"] + "/" + inside
        moved[path] = target
    for path, target in moved.items():
        os.makedirs(os.path.dirname(LAYER + target), exist_ok=True)
        shutil.move(path, LAYER + target)
    shutil.rmtree(environment, ignore_errors=True)
    for path, target in moved.items():
        if target.endswith(".dist-info/RECORD"):
            relocate_record(path, target, moved, changed, prefix["packages"])


def rename_interpreter(path, interpreter):
    """Let a script of the environment's Python run by another one; its new content, or None."""
    with open(path, "rb") as source:
        content = source.read()
    # The first line, or the next ones where that is a shell's.
    head, found, rest = content.partition(VENV.encode() + b"/bin/python")
    if not content.startswith(b"#!") or not found or head.count(b"\n") > 2:
        return None
    content = head + interpreter.encode() + rest[re.match(rb"[0-9.]*", rest).end() :]
    with open(path, "r+b") as output:
        output.write(content)
        output.truncate()
    return content


def relocate_record(path, target, moved, changed, packages):
    """Rewrite a list of files that was at `path`: what is not below it has moved elsewhere."""
    site = os.path.dirname(os.path.dirname(path))
    with open(LAYER + target, encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    with open(LAYER + target, "w", encoding="utf-8", newline="") as output:
        for line in lines:
            text = line.rstrip("\r\n")
            name, _, rest = text.partition(",")
            place = moved.get(os.path.normpath(os.path.join(site, name)))
            if not name.startswith("../") or place is None:
                output.write(line)
                continue
            if place in changed:
                digest = base64.urlsafe_b64encode(hashlib.sha256(changed[place]).digest())
                rest = "sha256=%s,%d" % (digest.rstrip(b"=").decode(), len(changed[place]))
            name = os.path.relpath(place, packages)
            output.write("%s,%s%s" % (name, rest, line[len(text) :]))


def version(folder, name):
    """Write the version that a package's own backend makes of the history of git.

    Of the last commit alone: what is not committed would make it another one at each moment.
    """
    checkout = ROOT + "/checkout"
    env = environment()
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
    command = [UV, "build", "--sdist", "--quiet", "--out-dir", "/tmp/sdist"]
    code = subprocess.call([*command, os.path.join(checkout, folder)], env=env)
    made = glob.glob("/tmp/sdist/*.tar.gz")
    if code or not made:
        sys.exit("no source distribution of %s was made" % name)
    with open(LAYER + "/version", "w") as output:
        output.write(made[0][: -len(".tar.gz")].rpartition("-")[2])


def note_origins():
    """Make what was installed from fetched files and checkouts look as if uv had fetched them.

    What uv says of a package's origin (PEP 610) is not where it lay in this step.
    """
    origins = {}
    if os.path.exists(ROOT + "/lock/origins.json"):
        with open(ROOT + "/lock/origins.json") as source:
            origins = json.load(source)
    for info in glob.glob(LAYER + VENV + "/lib*/python*/site-packages/*.dist-info"):
        name = os.path.basename(info).partition("-")[0]
        origin = origins.get(re.sub("[-_.]+", "-", name).lower())
        changed = {}
        direct = info + "/direct_url.json"
        if origin and os.path.exists(direct):
            if "vcs_info" not in origin:
                # All that uv says of an archive but its place is the same.
                with open(direct) as source:
                    origin = dict(json.load(source), **origin)
            text = json.dumps(origin, separators=(",", ":"), ensure_ascii=False).encode()
            with open(direct, "wb") as output:
                output.write(text)
            changed["direct_url.json"] = text
        if (origin or OFFLINE) and os.path.exists(info + "/uv_cache.json"):
            # Times and inodes of local files; uv notes none for what it fetches.
            os.unlink(info + "/uv_cache.json")
            changed["uv_cache.json"] = None
        rewrite_record(info, changed)


def rewrite_record(info, changed):
    """Enter what became of files of a dist-info into its RECORD: new content, or None for gone."""
    if not changed:
        return
    with open(info + "/RECORD", encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    with open(info + "/RECORD", "w", encoding="utf-8", newline="") as output:
        for line in lines:
            name = line.partition(",")[0]
            folder, _, inside = name.rpartition("/")
            if folder != os.path.basename(info) or inside not in changed:
                output.write(line)
            elif changed[inside] is not None:
                content = changed[inside]
                digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
                ending = line[len(line.rstrip("\r\n")) :]
                output.write("%s,sha256=%s,%d%s" % (name, digest.decode(), len(content), ending))


def trim(patterns):
    """Take what matches PATTERNS out of the installed packages, and off the lists of their files.

    Paths are seen from the folder that the packages are in. What describes a package stays.
    """
    matching = re.compile("|".join(map(translate, patterns)))
    for site in sites():
        gone = set()
        for directory, directories, files in os.walk(site):
            below = "" if directory == site else os.path.relpath(directory, site) + "/"
            directories[:] = [name for name in directories if not name.endswith(".dist-info")]
            for name in [*directories, *files]:
                path = os.path.join(directory, name)
                if not matching.fullmatch(below + name):
                    continue
                if name in directories:
                    directories.remove(name)
                if os.path.isdir(path) and not os.path.islink(path):
                    gone.update(os.path.relpath(each, site) for each in entries(path))
                    shutil.rmtree(path)
                else:
                    gone.add(below + name)
                    os.unlink(path)
                    cached = os.path.join(directory, "__pycache__", os.path.splitext(name)[0])
                    for each in glob.glob(glob.escape(cached) + ".*.pyc"):
                        gone.add(os.path.relpath(each, site))
                        os.unlink(each)
        if gone:
            for record in glob.glob(glob.escape(site) + "/*.dist-info/RECORD"):
                strike(record, gone)
            for path in entries(site):
                if os.path.isdir(path) and not os.path.islink(path) and not os.listdir(path):
                    os.rmdir(path)


def translate(pattern):
    """A regular expression for a pattern: ** is any number of folders, * stays within one."""
    parts = pattern.strip("/").split("/")
    found = ""
    for number, part in enumerate(parts, 1):
        if part == "**":
            found += "(?:[^/]+/)*" if number < len(parts) else ".+"
            continue
        for piece in re.findall(r"\[!?[^]]+\]|.", part):
            if len(piece) > 1:
                negated = piece[1] == "!"
                found += "[^" + piece[2:] if negated else piece
            else:
                found += {"*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
        if number < len(parts):
            found += "/"
    return "(?:%s)" % found


def sites():
    """The folders of the layer that packages are installed in."""
    found = []
    for directory, directories, _ in os.walk(LAYER):
        if any(name.endswith(".dist-info") for name in directories):
            found.append(directory)
            # Packages bring such folders of their own, which are theirs.
            directories[:] = []
    return found


def strike(record, gone):
    """Take the paths in `gone` off a package's list of files (PEP 376)."""
    import csv

    with open(record, encoding="utf-8", newline="") as source:
        lines = source.read().splitlines(True)
    kept = [line for line in lines if next(csv.reader([line]), [""])[0] not in gone]
    if kept != lines:
        with open(record, "w", encoding="utf-8", newline="") as output:
            output.writelines(kept)


def copy(report, pairs):
    """Copy each FROM (below the sources; a pattern where it holds wildcards) to TO in the image."""
    for source, target in zip(pairs[::2], pairs[1::2]):
        base = SOURCES + "/" + source if source not in ("", ".") else SOURCES
        # A name may look like a pattern: one that exists is meant.
        found = [base] if os.path.lexists(base) else sorted(glob.glob(base))
        if not found:
            fail(report, {"kind": "files", "package": source, "detail": source, "output": ""})
        for path in found:
            place = LAYER + target
            if target.endswith("/") and source not in ("", "."):
                place += os.path.basename(path)
            if os.path.isdir(path) and not os.path.islink(path):
                copy_tree(path, place)
            else:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                shutil.copy2(path, place, follow_symlinks=False)


def copy_tree(source, target):
    os.makedirs(target, exist_ok=True)
    for entry in sorted(os.listdir(source)):
        path, place = os.path.join(source, entry), os.path.join(target, entry)
        if os.path.isdir(path) and not os.path.islink(path):
            copy_tree(path, place)
        else:
            shutil.copy2(path, place, follow_symlinks=False)


def compile_installed(skeleton, keep):
    """Bytecode for what is installed, as uv makes it; with `keep` it is kept beside uv's cache.

    Compiling takes most of an installation, and gives the same for the same sources every time. It
    is kept for each package (or module) that can be imported, under a digest of the Python, of the
    place and of all sources as they are: what lists say of them (RECORD) nobody has verified, and
    several distributions may bring the same file.
    """
    missing, unknown = [], {}
    for site in sorted(glob.glob(VENV + "/lib/python*/site-packages")):
        for top in sorted(os.listdir(site)):
            names = [
                name for name in sources(site, top) if path_in_layer(site, name) not in skeleton
            ]
            if not names:
                continue
            known = os.path.join(BYTECODE, fingerprint(site, names))
            if keep and restore(known, site):
                continue
            unknown[known] = site, names
            missing += [os.path.join(site, name) for name in names]
    if not missing:
        return
    # In a process of its own: this one ignores the environment and so has a random hash seed, which
    # before Python 3.11 decides the order of sets in bytecode.
    command = [sys.executable, "-s", "-S", os.path.abspath(__file__), "compile"]
    env = dict(os.environ, PYTHONHASHSEED="0")
    subprocess.run(command, input=os.fsencode("\0".join(missing)), cwd="/", env=env, check=True)
    if keep:
        for known, (site, names) in unknown.items():
            preserve(known, site, names)


def sources(site, top):
    """The Python sources that are `top` of `site` or below it, seen from `site`."""
    found = [top]
    for directory, directories, files in os.walk(os.path.join(site, top)):
        directories[:] = [name for name in directories if name != "__pycache__"]
        found += [os.path.relpath(os.path.join(directory, name), site) for name in files]
    python = [name for name in found if name.endswith(".py")]
    return sorted(name for name in python if os.path.isfile(os.path.join(site, name)))


def path_in_layer(site, name):
    """The path that a file below the environment has as a part of the layer."""
    return os.path.join(LAYER + site, name)


def fingerprint(site, names):
    """What decides the bytecode of these sources: the Python, their place and their content."""
    parts = [sys.version, importlib.util.MAGIC_NUMBER.hex(), site]
    for name in names:
        with open(os.path.join(site, name), "rb") as stream:
            parts += [name, hashlib.sha256(stream.read()).hexdigest()]
    return hashlib.sha256(os.fsencode("\0".join(parts))).hexdigest()


def restore(known, site):
    """Write the bytecode that is kept as `known`; whether there is any."""
    try:
        with open(known, "rb") as stream:
            files = marshal.load(stream)
    except (OSError, EOFError, ValueError, TypeError):
        return False
    made = set()
    for name, data in files.items():
        path = os.path.join(site, name)
        folder = os.path.dirname(path)
        if folder not in made:
            os.makedirs(folder, exist_ok=True)
            made.add(folder)
        with open(path, "wb") as stream:
            stream.write(data)
    return True


def preserve(known, site, names):
    """Keep the bytecode of the sources `names` as `known`; other steps may do the same now."""
    files = {}
    for name in names:
        compiled = importlib.util.cache_from_source(name)
        if os.path.exists(os.path.join(site, compiled)):
            with open(os.path.join(site, compiled), "rb") as stream:
                files[compiled] = stream.read()
    draft = "%s.%s" % (known, os.urandom(8).hex())
    try:
        os.makedirs(BYTECODE, exist_ok=True)
        with open(draft, "wb") as stream:
            marshal.dump(files, stream)
        os.replace(draft, known)
    except OSError as error:
        print("uv-frontend: bytecode is not kept: %s" % error, file=sys.stderr)


def compile_all(paths):
    """Compile sources to unchecked hash-based bytecode (PEP 552), on every processor."""
    workers = min(len(os.sched_getaffinity(0)), 1 + len(paths) // 50)
    # Sizes are mixed: neighbours are of one package.
    shares = [paths[number::workers] for number in range(workers)]
    children = []
    for share in shares[1:]:
        child = os.fork()
        if not child:
            try:
                for path in share:
                    compile_one(path)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    for path in shares[0]:
        compile_one(path)
    ended = [os.waitpid(child, 0)[1] for child in children]
    if any(ended):
        sys.exit("uv-frontend: bytecode could not be made")


def compile_one(path):
    """Compile one source. One that cannot be compiled is left for Python to refuse."""
    with open(path, "rb") as stream:
        source = stream.read()
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    target = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with open(target, "wb") as stream:
        stream.write(importlib.util.MAGIC_NUMBER + b"\1\0\0\0")
        stream.write(importlib.util.source_hash(source) + marshal.dumps(code))


def compile_copied():
    """Bytecode for copied Python sources, as uv makes it for installed ones."""
    command = [sys.executable, "-s", "-S", "-m", "compileall", "-q", "-d", "/app"]
    command += ["--invalidation-mode", "unchecked-hash", LAYER + "/app"]
    # In a process of its own: this one ignores the environment and so has a random hash seed, which
    # before Python 3.11 decides the order of sets in bytecode. A file that cannot be compiled is
    # left for Python to refuse.
    env = dict(os.environ, PYTHONHASHSEED="0")
    subprocess.call(command, cwd="/", env=env, stdout=subprocess.DEVNULL)


def compile_standard_library():
    """Bytecode for the modules of the standard library that have none, in a process of its own."""
    command = [sys.executable, "-s", "-S", "-B", os.path.abspath(__file__), "bytecode"]
    if subprocess.call(command, cwd="/", env=dict(os.environ, PYTHONHASHSEED="0")):
        sys.exit("the standard library could not be compiled")


def write_bytecode(top):
    """What `compile_standard_library` runs: its tests are left out, as nobody imports them."""
    import importlib.util
    import py_compile

    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    without = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idle_test"}
    # Where the folder really is: a link of the base must not become a folder.
    for directory, directories, files in os.walk(os.path.realpath(top)):
        directories[:] = sorted(name for name in directories if name not in without)
        for name in sorted(files):
            source = os.path.join(directory, name)
            target = importlib.util.cache_from_source(source)
            if name.endswith(".py") and not os.path.exists(target):
                try:
                    py_compile.compile(
                        source, LAYER + target, source, True, invalidation_mode=unchecked
                    )
                except py_compile.PyCompileError:
                    # Made to be wrong, such as those for lib2to3's tests.
                    continue


def keep_folders():
    """Give folders that the image has already the mode and owner they have there.

    They are part of the layer only because something in them is, and must not change by that.
    """
    kept = set()
    for path in entries(LAYER):
        there = path[len(LAYER) :]
        # /app itself is a link to the layer here.
        if os.path.isdir(path) and os.path.isdir(there) and there.split("/")[1] != "app":
            if not os.path.islink(path) and not os.path.islink(there):
                info = os.stat(there)
                os.chown(path, info.st_uid, info.st_gid)
                os.chmod(path, stat.S_IMODE(info.st_mode))
                kept.add(path)
    return kept


def settle(kept=frozenset()):
    """Take out of the layer what differs from one machine, user or moment to the next.

    Everything gets the owner that the build asks for, and /app the one it has in the base.
    """
    uid, gid = map(int, os.environ.get("UV_FRONTEND_OWNER", "0:0").split(":"))
    for path in list(entries(LAYER)):
        info = os.lstat(path)
        if path not in kept:
            os.chown(path, uid, gid, follow_symlinks=False)
        if not stat.S_ISLNK(info.st_mode) and path not in kept:
            executable = stat.S_ISDIR(info.st_mode) or info.st_mode & 0o100
            os.chmod(path, 0o755 if executable else 0o644)
        os.utime(path, (TIMESTAMP, TIMESTAMP), follow_symlinks=False)
    app = os.environ.get("UV_FRONTEND_APP")
    if app:
        uid, gid, mode = app.split(":")
        os.chown(LAYER + "/app", int(uid), int(gid))
        os.chmod(LAYER + "/app", int(mode, 8))
    os.utime(LAYER, (TIMESTAMP, TIMESTAMP))


def main(arguments):
    if arguments == ["bytecode"]:
        import sysconfig

        write_bytecode(sysconfig.get_path("stdlib"))
        return
    os.umask(0o022)
    if arguments == ["compile"]:
        # What a source may warn of is its authors' business; showing it would load more modules.
        warnings.simplefilter("ignore")
        compile_all(os.fsdecode(sys.stdin.buffer.read()).split("\0"))
        return
    os.makedirs(LAYER + "/app", exist_ok=True)
    mode, report = arguments[0], arguments[1] if len(arguments) > 1 else ""
    if report and os.path.exists(os.path.join(REPORTS, report)):
        # Of an earlier build that ended before anybody asked.
        os.unlink(os.path.join(REPORTS, report))
    if mode == "skeleton":
        create_environment(report)
        if "UV_FRONTEND_INTERPRETER" in os.environ:
            name_interpreter(
                os.environ["UV_FRONTEND_INTERPRETER"], os.environ["UV_FRONTEND_VERSION"]
            )
    elif mode == "packages":
        packages(report, arguments[2:])
    elif mode == "version":
        version(*arguments[2:])
    elif mode == "copy":
        copy(report, arguments[2:])
        if os.environ.get("UV_COMPILE_BYTECODE") == "1":
            compile_copied()
    elif mode == "stdlib":
        compile_standard_library()
        os.rmdir(LAYER + "/app")
    else:
        sys.exit("unknown mode " + mode)
    if OFFLINE:
        # The only place on the disk where files of uv's cache can be linked from.
        shutil.rmtree(os.environ["UV_CACHE_DIR"], ignore_errors=True)
    kept = mode in ("copy", "stdlib") or (PREFIX and mode == "packages")
    settle(keep_folders() if kept else frozenset())


if __name__ == "__main__":
    main(sys.argv[1:])
