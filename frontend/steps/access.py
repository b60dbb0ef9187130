"""What uv and git get to see of the secrets that were given, and what must not be printed."""

import os
import re
from urllib.parse import quote, unquote

import places

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
    secret = places.ROOT + "/ca.pem"
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
    folder, found = places.ROOT + "/secrets", {}
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
            found["NETRC"] = places.ROOT + "/secrets/netrc"
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
    with open(places.ROOT + "/lock/uv.lock") as source:
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
    if os.path.exists(places.ROOT + "/ssh-agent"):
        found["SSH_AUTH_SOCK"] = places.ROOT + "/ssh-agent"
    if "GIT_SSH_COMMAND" not in env:
        command = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes"
        if known:
            command += " -o UserKnownHostsFile=" + places.ROOT + "/secrets/known_hosts"
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
