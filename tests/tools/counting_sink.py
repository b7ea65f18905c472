"""A receiver of webhooks that counts and does nothing else (tests/bench/webhook_sink.rs), and feeds of
invented messages, for programs that measure the gateway. Standard library alone; needs rustc."""

import subprocess

from gateway_process import ROOT, cpu_seconds

MESSAGE = "\r".join([
    "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|HUB|20261101120000||ADT^A08^ADT_A01|{id}|P|2.5.1"
    "|||AL|NE||UNICODE UTF-8",
    "EVN|A08|20261101120000",
    "PID|1||{patient}^^^EXAMPLE MRN^MR||SAMPLE^AVERY^Q^^MS||19800506|F|||12 Sample Street^^SPRINGFIELD"
    "^IL^62701^USA^H||^PRN^PH^^1^217^5550100~^NET^Internet^avery{patient}@example.org|||M||VN{patient}",
    "PV1|1|O|CLINIC^ROOM1^^EXAMPLE-CLINIC||||1003000126^DOE^JANE^^^DR||||||||||||VN{patient}"
    "|||||||||||||||||||||||||20261101113000",
]) + "\r"


def feed(path, messages, patients, first=0):
    """Writes a file of so many messages about so many patients; control ids count from `first`."""
    with path.open("w", newline="") as file:
        for number in range(first, first + messages):
            file.write(MESSAGE.format(id=f"B{number:09}", patient=f"{number % patients:06}"))
    return path


def compile_sink(folder):
    """The receiver's program, compiled into a folder."""
    source = ROOT / "tests/bench/webhook_sink.rs"
    program = folder / "webhook_sink"
    subprocess.run(["rustc", "--edition", "2024", "-O", "-o", program, source], check=True)
    return program


class CountingSink:
    """The receiver's process; it answers 200 to everything."""

    def __init__(self, program, port):
        self.process = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def ask(self):
        """Requests, distinct webhook-ids, bytes, microseconds from the first to the last."""
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def close(self):
        self.process.kill()
        self.process.wait()
