"""A RabbitMQ broker of our own: Debian's server under a node name, ports, folders, an Erlang cookie
and a port mapper that are nobody else's, on loopback alone and without plugins. What is done to
it is in the rows; the gateway is told of it by `configuration`.
"""

import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time

from gateway_process import free_port

# The wrappers in /usr/sbin change to the user of the system's own broker; these do not.
SCRIPTS = pathlib.Path("/usr/lib/rabbitmq/bin")
SETTINGS = """
listeners.tcp.1 = 127.0.0.1:{port}
default_user = {user}
default_pass = {password}
default_vhost = /
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
log.console = false
"""
STORE = 'queue = "rabbitmq"'
QUEUE = """
[rabbitmq]
url = "amqp://127.0.0.1:{port}/%2f"
credentials = "${{file:secrets/rabbitmq}}"
"""


class NoBroker(SystemExit):
    """The broker is not installed or does not start."""


class Broker:
    """One broker; its data stay over a restart."""

    user = "isthmus"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        if not (SCRIPTS / "rabbitmq-server").exists():
            raise NoBroker(f"{SCRIPTS / 'rabbitmq-server'} is missing; install rabbitmq-server")
        self.folder.mkdir(parents=True)
        self.port, dist, self.mapper_port = free_port(), free_port(), free_port()
        self.password = secrets.token_hex(16)
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(20))
        cookie.chmod(0o400)
        (self.folder / "plugins").write_text("[].\n")
        (self.folder / "rabbitmq.conf").write_text(SETTINGS.format(
            port=self.port, user=self.user, password=self.password))
        self.node = f"isthmus-faults-{self.port}@localhost"
        own = "-kernel inet_dist_use_interface {127,0,0,1}"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH",) if name in os.environ},
            "HOME": str(self.folder), "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self.mapper_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": own,
        }
        mapper = ["epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"]
        self.mapper = subprocess.Popen(mapper, env=self.environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = None

    def configuration(self, site):
        """What GatewaySite is given for this broker; writes the secret into the site's folder."""
        folder = site / "secrets"
        folder.mkdir(exist_ok=True)
        (folder / "rabbitmq").write_text(f"{self.user}:{self.password}\n")
        return {"store": STORE, "queue": QUEUE.format(port=self.port)}

    def start(self, seconds=90):
        """Starts it and waits until it speaks AMQP; how long that took."""
        begun = time.monotonic()
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen(
                [SCRIPTS / "rabbitmq-server"], env=self.environment, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
        while not self.speaks():
            if self.process.poll() is not None or time.monotonic() > begun + seconds:
                text = (self.folder / "output").read_text(errors="replace")
                raise NoBroker(f"the broker does not start: {text[-1500:]}")
            time.sleep(0.05)
        return time.monotonic() - begun

    def speaks(self):
        """Whether it answers the first bytes of AMQP 0-9-1."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as stream:
                stream.sendall(b"AMQP\x00\x00\x09\x01")
                return stream.recv(8)[:1] == b"\x01"
        except OSError:
            return False

    def stop(self):
        """Asks it to end, and waits."""
        self._end(signal.SIGTERM)

    def kill(self):
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def _end(self, how):
        """The script's session is our own, and holds the broker and its small ones alone."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        # The broker may outlive the script by a moment.
        until = time.monotonic() + 10
        while self.speaks() and time.monotonic() < until:
            time.sleep(0.02)

    def ctl(self, *arguments):
        """Runs rabbitmqctl and gives what it prints."""
        command = [SCRIPTS / "rabbitmqctl", "--quiet", "-n", self.node, *arguments]
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True,
                             check=False)
        if run.returncode:
            raise NoBroker(f"rabbitmqctl {arguments[0]}: {run.stderr.strip()[-500:]}")
        return run.stdout

    def evaluate(self, expression):
        """An Erlang expression in the broker; alarms, for one, can be raised so."""
        return self.ctl("eval", expression)

    def close(self):
        """Ends it for good, and its port mapper."""
        self._end(signal.SIGKILL)
        self.mapper.kill()
        self.mapper.wait()
