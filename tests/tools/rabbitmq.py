"""A RabbitMQ broker of a test's own: started in a folder, on the loopback alone, and ended with it.

    rabbitmq.py --folder DIR [--port P] [--user NAME] [--password WORD]
                [--tls --ca PEM --cert PEM --key PEM [--ask-certificate]]

When the broker accepts connections it prints one line of JSON:

    {"event": "ready", "port": 40123, "pid": 4711, "user": "..", "password": "..", "vhost": "/",
     "url": "amqp://127.0.0.1:40123/%2f", "log": "DIR/log/broker.log", "data": "DIR/data",
     "start_s": 4.1}

Then it takes one command a line and answers each with one line of JSON. `kill` ends the broker as
a power cut would, `stop` ends it in order, `pause` and `resume` freeze it and let it go on, `start`
starts it again on the same port and data, and `ctl WORD ..` runs rabbitmqctl. When the standard
input closes, everything ends. With `--tls` the port speaks TLS alone. Standard library alone; needs
Debian's rabbitmq-server.
"""

import argparse
import ctypes
import json
import os
import pathlib
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time

HOME = pathlib.Path("/usr/lib/rabbitmq/bin")
# One scheduler of each kind that never spins: a test's broker shares its cores with the test.
RUNTIME = "+S 1:1 +SDcpu 1:1 +SDio 2 +A 4 +sbwt none +sbwtdcpu none +sbwtdio none"
# A node takes about four seconds, and much longer on a busy machine.
START_S = 90
# What the client says first, and how the broker begins its answer: a method frame.
PROTOCOL = b"AMQP\x00\x00\x09\x01"
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


class Broker:
    """A node with its own port mapper, data, log and cookie in one folder."""

    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(options.folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = options.port or free_port()
        self.mapper_port = free_port()
        # Its port mapper is its own, so the name clashes with none, and the data outlive the port.
        self.node = "isthmus@localhost"
        self.log = self.folder / "log" / "broker.log"
        self.data = self.folder / "data"
        self.process = None
        self._write_files()
        self.environment = self._environment()
        # Started by us, so that no daemon of it is left behind.
        mapper = ["epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"]
        self.mapper = subprocess.Popen(
            mapper,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_us,
        )

    def _write_files(self):
        self.data.mkdir(exist_ok=True)
        self.log.parent.mkdir(exist_ok=True)
        self._secret(".erlang.cookie")
        # Users are made at the first start, so a folder that is used again keeps its password.
        self.options.password = self.options.password or self._secret("password")
        (self.folder / "enabled_plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text("\n".join(self._configuration()) + "\n")
        (self.folder / "rabbitmq-env.conf").write_text("")

    def _secret(self, name):
        path = self.folder / name
        if not path.exists():
            path.write_text(secrets.token_hex(16))
            path.chmod(0o400)
        return path.read_text()

    def _configuration(self):
        given = self.options
        lines = [
            f"default_user = {given.user}",
            f"default_pass = {given.password}",
            "default_user_tags.administrator = true",
            "default_permissions.configure = .*",
            "default_permissions.read = .*",
            "default_permissions.write = .*",
            "log.file = broker.log",
            "log.file.level = info",
            "disk_free_limit.absolute = 50MB",
        ]
        if not given.tls:
            return [f"listeners.tcp.1 = 127.0.0.1:{self.port}", *lines]
        asks = "true" if given.ask_certificate else "false"
        return [
            "listeners.tcp = none",
            f"listeners.ssl.1 = 127.0.0.1:{self.port}",
            f"ssl_options.cacertfile = {pathlib.Path(given.ca).resolve()}",
            f"ssl_options.certfile = {pathlib.Path(given.cert).resolve()}",
            f"ssl_options.keyfile = {pathlib.Path(given.key).resolve()}",
            f"ssl_options.verify = {'verify_peer' if given.ask_certificate else 'verify_none'}",
            f"ssl_options.fail_if_no_peer_cert = {asks}",
            *lines,
        ]

    def _environment(self):
        files = {
            "CONFIG_FILE": "rabbitmq.conf",
            "CONF_ENV_FILE": "rabbitmq-env.conf",
            "ENABLED_PLUGINS_FILE": "enabled_plugins",
            "MNESIA_BASE": "data",
            "LOG_BASE": "log",
            "GENERATED_CONFIG_DIR": "data/config",
            "FEATURE_FLAGS_FILE": "data/feature_flags",
            "PID_FILE": "data/pid",
        }
        environment = {f"RABBITMQ_{name}": str(self.folder / at) for name, at in files.items()}
        return {
            **os.environ,
            **environment,
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"{RUNTIME} -kernel inet_dist_use_interface {{127,0,0,1}}"
            ),
            # Its script then becomes the node instead of watching it, so that our child's id is
            # the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def start(self):
        """Starts it and waits until it takes connections; gives the seconds that this took."""
        if self.process and self.process.poll() is None:
            raise Failure("it runs already")
        begun = time.monotonic()
        with open(self.folder / "log" / "console.log", "ab") as console:
            self.process = subprocess.Popen(
                [HOME / "rabbitmq-server"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                preexec_fn=end_with_us,
            )
        while not self._answers():
            if self.process.poll() is not None:
                raise Failure(f"the broker ended while it started\n{self._last_words()}")
            if time.monotonic() - begun > START_S:
                self.end(signal.SIGKILL)
                raise Failure(f"the broker did not start in {START_S} s\n{self._last_words()}")
            time.sleep(0.05)
        return round(time.monotonic() - begun, 2)

    def _answers(self):
        """Whether it takes connections; behind TLS, an open port has to do."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                if self.options.tls:
                    return True
                probe.sendall(PROTOCOL)
                return probe.recv(1) == b"\x01"
        except OSError:
            return False

    def _last_words(self):
        console = (self.folder / "log" / "console.log").read_text(errors="replace")
        return console[-3000:]

    def end(self, how):
        """Ends the node, by its own process id, and waits for it."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def send(self, how):
        """A signal to a node that runs."""
        if not self.process or self.process.poll() is not None:
            raise Failure("it does not run")
        self.process.send_signal(how)

    def control(self, words):
        """Runs rabbitmqctl and gives what it prints."""
        command = [HOME / "rabbitmqctl", "--quiet", *words]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode:
            raise Failure((done.stdout + done.stderr).strip())
        return done.stdout.strip()

    def close(self):
        """Ends everything; the data go with the folder, so nothing has to be tidy."""
        self.end(signal.SIGKILL)
        self.mapper.kill()
        self.mapper.wait()

    def ready(self, start_s):
        """What a client has to know."""
        scheme = "amqps" if self.options.tls else "amqp"
        return {
            "event": "ready",
            "port": self.port,
            "pid": self.process.pid,
            "user": self.options.user,
            "password": self.options.password,
            "vhost": "/",
            "url": f"{scheme}://127.0.0.1:{self.port}/%2f",
            "log": str(self.log),
            "data": str(self.data),
            "start_s": start_s,
        }


def obey(broker, line):
    """Does what a line says; gives the answer."""
    words = shlex.split(line)
    if not words:
        raise Failure("an empty line is no command")
    match words[0]:
        case "kill":
            broker.end(signal.SIGKILL)
            return {"event": "ended"}
        case "stop":
            broker.end(signal.SIGTERM)
            return {"event": "ended"}
        case "pause":
            broker.send(signal.SIGSTOP)
            return {"event": "paused"}
        case "resume":
            broker.send(signal.SIGCONT)
            return {"event": "resumed"}
        case "start":
            return broker.ready(broker.start())
        case "ctl":
            return {"event": "done", "output": broker.control(words[1:])}
        case other:
            raise Failure(f"unknown command {other}")


def parse():
    parser = argparse.ArgumentParser(description="A RabbitMQ broker of a test's own.")
    parser.add_argument("--folder", required=True, help="where it keeps everything")
    parser.add_argument("--port", type=int, help="where it listens; a free port otherwise")
    parser.add_argument("--user", default="isthmus")
    parser.add_argument("--password", help="a random one otherwise")
    parser.add_argument("--tls", action="store_true", help="listen with TLS alone")
    parser.add_argument("--ca", help="PEM file with the authority of clients")
    parser.add_argument("--cert", help="PEM file with the broker's certificate")
    parser.add_argument("--key", help="PEM file with its key")
    parser.add_argument("--ask-certificate", action="store_true", help="refuse clients without")
    options = parser.parse_args()
    if options.tls and not (options.ca and options.cert and options.key):
        parser.error("--tls needs --ca, --cert and --key")
    return options


def main():
    options = parse()
    broker = Broker(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        say(**broker.ready(broker.start()))
        for line in sys.stdin:
            try:
                say(**obey(broker, line))
            except (Failure, subprocess.TimeoutExpired) as failure:
                say(event="failed", error=str(failure))
    except Failure as failure:
        say(event="failed", error=str(failure))
        sys.exit(1)
    except (BrokenPipeError, KeyboardInterrupt):
        pass
    finally:
        broker.close()


if __name__ == "__main__":
    main()
