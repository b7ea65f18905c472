"""An OpenSSH server of a test's own: SFTP alone, in a folder, on the loopback, and ended with it.

    sshd.py --folder DIR [--port P] [--sftp-options "-P posix-rename"]

When the server accepts connections it prints one line of JSON:

    {"event": "ready", "port": 40123, "user": "..", "url": "sftp://..@127.0.0.1:40123",
     "ed25519": "ssh-ed25519 AAAA..", "ecdsa": "ecdsa-sha2-nistp256 AAAA..",
     "client_key": "DIR/client", "other_key": "DIR/other", "log": "DIR/sshd.log"}

`ed25519` and `ecdsa` are its host keys. `client_key` lets in whoever started this, `other_key`
nobody. Then it takes one command a line and answers each with one line of JSON. `kill` ends the
server and every session of it as a power cut would, `pause` and `resume` freeze them and let them
go on, `start` starts it again on the same port. When the standard input closes, everything ends.
Standard library alone; needs Debian's openssh-server.
"""

import argparse
import ctypes
import getpass
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import time

SERVER = "/usr/sbin/sshd"
# Where a server that root starts shuts its unprivileged half in.
EMPTY = pathlib.Path("/run/sshd")
START_S = 60
PR_SET_PDEATHSIG = 1


def free_port():
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_us():
    """Lets the kernel end this child when the process that started it dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def say(**event):
    """One line of JSON to whoever started us; when nobody reads it any more, nothing is left."""
    print(json.dumps(event), flush=True)


class Failure(Exception):
    """What went wrong, for whoever reads the answer."""


class Server:
    """A server with its own keys, configuration and log in one folder."""

    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = options.port or free_port()
        self.log = self.folder / "sshd.log"
        self.process = None
        for name in ("ed25519", "client", "other"):
            self._key(name, "ed25519")
        self._key("ecdsa", "ecdsa")
        self._write("authorized_keys", self._public("client") + "\n")
        self._write("sshd_config", "\n".join(self._configuration()) + "\n")
        if os.geteuid() == 0:
            EMPTY.mkdir(mode=0o755, exist_ok=True)

    def _key(self, name, kind):
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", self.folder / name]
        if not (self.folder / name).exists():
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _public(self, name):
        return (self.folder / f"{name}.pub").read_text().strip()

    def _write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def _configuration(self):
        return [
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.folder}/ed25519",
            f"HostKey {self.folder}/ecdsa",
            "PidFile none",
            f"AuthorizedKeysFile {self.folder}/authorized_keys",
            # The folder is a temporary one, which others may write beside.
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "LogLevel VERBOSE",
            f"Subsystem sftp internal-sftp {self.options.sftp_options}",
        ]

    def start(self):
        """Starts it and waits until it takes connections."""
        if self.process and self.process.poll() is None:
            raise Failure("it runs already")
        command = [SERVER, "-D", "-e", "-f", self.folder / "sshd_config"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_us,
            )
        begun = time.monotonic()
        while not self._answers():
            if self.process.poll() is not None:
                raise Failure(f"the server ended while it started\n{self._last_words()}")
            if time.monotonic() - begun > START_S:
                self.kill()
                raise Failure(f"the server did not start in {START_S} s\n{self._last_words()}")
            time.sleep(0.02)

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def _last_words(self):
        return self.log.read_text(errors="replace")[-3000:]

    def _all(self):
        """The server and its sessions, which are its children and theirs."""
        if not self.process or self.process.poll() is not None:
            raise Failure("it does not run")
        children = {}
        for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                # The name in brackets may hold anything.
                parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(status.parent.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found

    def send(self, how, also=()):
        """A signal to the server and all its sessions, and to others; tells to whom."""
        everyone = {*self._all(), *also}
        for pid in everyone:
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                pass
        return everyone

    def kill(self):
        """Ends everything as a power cut would."""
        if self.process and self.process.poll() is None:
            # Frozen first, so that nothing begins while the others end. Of a session that was
            # ending just then, a child may be nobody's by now.
            frozen = self.send(signal.SIGSTOP)
            self.send(signal.SIGKILL, frozen)
            self.process.wait()

    def ready(self):
        """What a client has to know."""
        user = getpass.getuser()
        return {
            "event": "ready",
            "port": self.port,
            "user": user,
            "url": f"sftp://{user}@127.0.0.1:{self.port}",
            "ed25519": self._public("ed25519"),
            "ecdsa": self._public("ecdsa"),
            "client_key": str(self.folder / "client"),
            "other_key": str(self.folder / "other"),
            "log": str(self.log),
        }


def obey(server, line):
    """Does what a line says; gives the answer."""
    match shlex.split(line):
        case ["kill"]:
            server.kill()
            return {"event": "ended"}
        case ["pause"]:
            server.send(signal.SIGSTOP)
            return {"event": "paused"}
        case ["resume"]:
            server.send(signal.SIGCONT)
            return {"event": "resumed"}
        case ["start"]:
            server.start()
            return server.ready()
        case other:
            raise Failure(f"unknown command {other}")


def main():
    parser = argparse.ArgumentParser(description="An OpenSSH server of a test's own.")
    parser.add_argument("--folder", required=True, help="where it keeps everything")
    parser.add_argument("--port", type=int, help="where it listens; a free port otherwise")
    parser.add_argument("--sftp-options", default="", help="options of internal-sftp")
    server = Server(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
        say(**server.ready())
        for line in sys.stdin:
            try:
                say(**obey(server, line))
            except Failure as failure:
                say(event="failed", error=str(failure))
    except (Failure, OSError) as failure:
        say(event="failed", error=str(failure))
        sys.exit(1)
    except KeyboardInterrupt:
        pass
    finally:
        server.kill()


if __name__ == "__main__":
    main()
