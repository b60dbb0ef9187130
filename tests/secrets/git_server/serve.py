"""Serves the repositories below /srv over SSH, HTTPS and HTTP, in the container of `git_server`.

    serve.py FOLDER SSH_PORT HTTPS_PORT HTTP_PORT

FOLDER has certificate.pem and key.pem for HTTPS, and the token; it gets the SSH keys of client and
server.
"""

import base64
import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

folder, ssh_port, https_port, http_port = Path(sys.argv[1]), *sys.argv[2:]
token = (folder / "token").read_text()
EXPECTED = ["basic", base64.b64encode(f"x-access-token:{token}".encode()).decode()]


class Handler(BaseHTTPRequestHandler):
    """git's own CGI program, behind a password (RFC 7617)."""

    def do_GET(self) -> None:
        # The scheme's case does not matter (RFC 9110): git and BuildKit write it differently.
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if [scheme.lower(), given] != EXPECTED:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env = {
            **os.environ,
            "GIT_PROJECT_ROOT": "/srv",
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
        }
        command = ["git", "http-backend"]
        answer = subprocess.run(command, env=env, input=body, stdout=subprocess.PIPE, check=True)
        head, _, content = answer.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()


def main() -> None:
    for name in ("client", "server"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
        )
    home = Path("/root/.ssh")
    home.mkdir(mode=0o700, exist_ok=True)
    (home / "authorized_keys").write_bytes((folder / "client.pub").read_bytes())
    Path("/run/sshd").mkdir(exist_ok=True)
    options = [f"HostKey={folder}/server", "ListenAddress=127.0.0.1", "StrictModes=no"]
    command = ["/usr/sbin/sshd", "-D", "-e", "-p", ssh_port]
    subprocess.Popen([*command, *(f"-o{option}" for option in options)])
    server = ThreadingHTTPServer(("127.0.0.1", int(https_port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    plain = ThreadingHTTPServer(("127.0.0.1", int(http_port)), Handler)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
