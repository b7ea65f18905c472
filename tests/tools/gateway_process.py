"""The gateway as a process, for programs that measure it or do it harm. Standard library alone."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
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


class GatewayProcess:
    """`isthmus run` with the configuration of a folder; what it logs is in `gateway.log` there."""

    def __init__(self, binary, folder):
        self.log = pathlib.Path(folder) / "gateway.log"
        command = [binary, "run", "--json", "--config", folder]
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.address = self._listening()
        # Seconds from the start to the open port.
        self.up_after = time.monotonic() - begun

    def _listening(self):
        for line in self.process.stdout:
            event = json.loads(line)
            if event.get("event") == "listening":
                return event["address"]
        self.process.wait()
        sys.exit(f"the gateway ended; see {self.log}\n{self.log.read_text()[-2000:]}")

    def cpu_seconds(self):
        """Seconds of processor time until now, in user and kernel."""
        text = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        fields = text.rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        """Resident memory in MB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024

    def kill(self):
        """Ends it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Asks it to end and waits."""
        self._end(signal.SIGTERM)

    def _end(self, how):
        if self.process.poll() is None:
            self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()
