"""The gateway as a process, for programs that measure it or do it harm. Standard library alone."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


def release_binary():
    """The optimised gateway, built when it is not."""
    command = ["cargo", "build", "--release", "--quiet", "-p", "isthmus-server"]
    subprocess.run(command, cwd=ROOT, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    return pathlib.Path(target) / "release" / "isthmus"


def free_port():
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """Seconds of processor time of a process until now, in user and kernel."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    fields = text.rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class NotStarted(SystemExit):
    """The gateway ended before it listened. A program that does not expect it ends."""

    def __init__(self, process, log):
        super().__init__(f"the gateway ended; see {log}\n{log.read_text()[-2000:]}")
        self.returncode = process.returncode


class GatewayProcess:
    """`isthmus run` with the configuration of a folder; what it logs is in `gateway.log` there,
    and its standard output in `gateway.out`. `environment` is added to this program's own."""

    def __init__(self, binary, folder, environment=None):
        self.log = pathlib.Path(folder) / "gateway.log"
        self.output = pathlib.Path(folder) / "gateway.out"
        command = [binary, "run", "--json", "--config", folder]
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                                            env={**os.environ, **(environment or {})})
        # The addresses in the configuration's order.
        self.addresses = self._listening()
        self.address = self.addresses[0]
        # Seconds from the start to the open port.
        self.up_after = time.monotonic() - begun

    def _listening(self):
        addresses = []
        for line in self.process.stdout:
            self._keep(line)
            event = json.loads(line)
            if event.get("event") == "listening":
                addresses.append(event["address"])
            if event.get("event") == "ready":
                return addresses
        self.ended()
        raise NotStarted(self.process, self.log)

    def _keep(self, text):
        with open(self.output, "a", encoding="utf-8") as output:
            output.write(text)

    def event(self, seconds):
        """The next event that it prints after it is ready; None when none comes in time."""
        said = []
        reader = threading.Thread(target=lambda: said.append(self.process.stdout.readline()),
                                  daemon=True)
        reader.start()
        reader.join(seconds)
        if not said or not said[0]:
            return None
        self._keep(said[0])
        return json.loads(said[0])

    def cpu_seconds(self):
        """Seconds of processor time until now, in user and kernel."""
        return cpu_seconds(self.process.pid)

    def resident(self, what="VmRSS"):
        """Resident memory in MB; `VmHWM` for the most that it was. 0 when the process is gone."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(what + r":\s+(\d+) kB", status)
        return int(found.group(1)) / 1024 if found else 0

    def kill(self):
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Asks it to end and waits."""
        self._end(signal.SIGTERM)

    def _end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.ended()

    def ended(self, seconds=None):
        """Waits until it has ended, and gives its exit code; None when it does not in time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        if not self.process.stdout.closed:
            self._keep(self.process.stdout.read())
            self.process.stdout.close()
        return self.process.returncode
