"""One gateway under fault with everything around it: recipients, a sender's book, proxies, the
shim; and the proofs that every round of every row ends with. What the faults are is in the rows.
"""

import json
import pathlib
import signal
import subprocess
import sys
import threading
import time

import oracle
from canaries import Canaries
from feed import Feed
from gateway_process import NotStarted
from gateway_site import GatewaySite
from sender import Book, Sending
from shim import Shim

HERE = pathlib.Path(__file__).parent
PATIENCE_S = 60


class Wrong(Exception):
    """Something that must never be was seen."""


def wait_for(what, done, seconds=PATIENCE_S, look_every=0.005):
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise Wrong(f"waited {seconds} s in vain for {what}")
        time.sleep(look_every)


class Recipient:
    """A recipient of webhooks in a process of its own (sink.py)."""

    def __init__(self, folder, name, certificate=None):
        self.name = name
        ledger = folder / f"{name}.ledger"
        self.process = subprocess.Popen(
            [sys.executable, HERE / "sink.py", ledger, *([certificate] if certificate else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.arrivals = oracle.Arrivals(ledger)

    def manner(self, **changes):
        """Makes it behave so from now on; what is not named goes back to faultless."""
        faultless = {"fail": 0, "lose": 0, "refuse": [], "wait": 0, "late": 0, "late_by": 0,
                     "rate": 0, "seed": 0, "marks": []}
        self.process.stdin.write(json.dumps({**faultless, **changes}) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Rig:
    """`shim` is None, "faults", or "undo" for a gateway whose power may be cut. `before` gives, for
    a recipient's port, the port by which the gateway reaches it: that of a proxy; `broker` gives
    the same and more for the broker's. `certificate` makes the recipients speak TLS."""

    def __init__(self, folder, options, *, patients=40, recipients=("crm",), shim=None,
                 before=None, broker=None, certificate=None, more="timeout_s = 5",
                 environment=None, **site):
        folder.mkdir(parents=True)
        self.folder, self.options = folder, options
        self.recipients = {name: Recipient(folder, name, certificate)
                           for name in recipients}
        self.crm = self.recipients[recipients[0]]
        before = before or (lambda port: port)
        ports = {name: before(one.port) for name, one in self.recipients.items()}
        scheme = "https" if certificate else "http"
        urls = {name: f"{scheme}://127.0.0.1:{port}/" for name, port in ports.items()}
        place = folder / "site"
        place.mkdir()
        if options.broker:
            site.update(options.broker.configuration(place, **(broker or {})))
        self.site = GatewaySite(place, options.binary, urls, more, **site)
        self.site.environment.update(environment or {})
        self.shim = None
        if shim:
            ports = (self.site.port, ports[recipients[0]],
                     options.broker.port if options.broker else 0)
            self.shim = Shim(folder / "shim", (place / "store", place / "keys"), ports,
                             shim == "undo", options.lying)
            self.site.environment.update(self.shim.environment)
        self.feed, self.book, self.canaries = Feed(patients), Book(), Canaries()
        # Messages that must not arrive, and how many a person has to look at.
        self.not_due, self.parked_due = set(), 0
        # Control ids under which a second message was sent.
        self.twins = set()
        self.peak, self.starts, self.slowest_start = 0.0, 0, 0.0
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        while not self.over.wait(0.02):
            self.look_at_memory()

    def look_at_memory(self):
        process = self.site.process
        if process:
            self.peak = max(self.peak, process.resident("VmHWM"))

    def start(self):
        if not self.try_to_start():
            log = (self.site.folder / "gateway.log").read_text()
            raise Wrong(f"the gateway did not start: {log[-1500:]}")

    def try_to_start(self):
        """Starts it; false when it ended before it listened."""
        self.starts += 1
        try:
            self.slowest_start = max(self.slowest_start, self.site.start())
        except NotStarted:
            return False
        return True

    def kill(self):
        self.look_at_memory()
        self.site.kill()

    def died(self):
        """Whether the process has ended by itself or by the shim."""
        return self.site.process.process.poll() is not None

    def send(self, messages, **how):
        """Begins to send."""
        return Sending(how.pop("port", self.site.port), self.book, messages, **how)

    def all_answered(self, sending, seconds=PATIENCE_S):
        if not sending.join(seconds):
            sending.stop()
            raise Wrong(f"not every message was answered within {seconds} s: "
                        f"{dict(self.book.counts)}")

    def send_all(self, messages, **how):
        """Sends and waits for the answers to all."""
        self.all_answered(self.send(messages, **how))

    def undelivered(self, recipient=None):
        taken = (recipient or self.crm).arrivals.read().taken
        return [one for one in self.book.acknowledged
                if one not in taken and one not in self.not_due]

    def all_delivered(self, seconds=PATIENCE_S):
        for one in self.recipients.values():
            try:
                wait_for(f"what {one.name} is due", lambda: not self.undelivered(one), seconds)
            except Wrong as wrong:
                missing = self.undelivered(one)
                raise Wrong(f"{wrong}: {len(missing)} lost, {missing[:5]}; "
                            f"status {self._told_status()}") from wrong

    def _told_status(self):
        run = self.site.run("status")
        return run.stdout.strip()[:1500] or run.stderr.strip()[:300]

    def settled(self, seconds=PATIENCE_S):
        """Waits until nothing is under way, and gives the status."""
        status = {}

        def look():
            status.update(self.site.json("status"))
            return self.site.undone(status) == 0
        wait_for("everything to be settled", look, seconds, 0.05)
        return status

    def counts(self):
        """What was counted since the rig was made, over all recipients."""
        counts = {}
        for one in self.recipients.values():
            own = oracle.count(self.book, one.arrivals.read(), self.not_due, self.twins)
            for name, value in own.items():
                joined = sum if name in oracle.MUST_BE_ZERO + ("repeats", "delivered") else max
                counts[name] = joined((counts.get(name, 0), value))
        self.canaries.look_in(self.site.folder / "gateway.log")
        self.canaries.look_in(self.site.folder / "gateway.out")
        self.canaries.look(self.site.said, "what a command printed")
        self.site.said = b""
        self.look_at_memory()
        counts["leaks"], counts["peak_mb"] = len(self.canaries.found), self.peak
        return counts

    def prove(self):
        """The proofs of a round; the gateway is running or can be started."""
        report = self.site.run("ledger", "verify")
        counts = self.counts()
        problems = [f"{name} = {counts[name]}" for name in oracle.MUST_BE_ZERO if counts[name]]
        if report.returncode or json.loads(report.stdout)["first_bad"]:
            problems.append(f"the ledger is not whole: {report.stdout}{report.stderr}")
        if self.canaries.found:
            problems.append(f"patient data in the open: {self.canaries.found[:3]}")
        ceiling = self.options.ceiling
        if counts["peak_mb"] > ceiling:
            problems.append(f"{counts['peak_mb']:.0f} MB resident, more than {ceiling}")
        if problems:
            raise Wrong("; ".join(problems))

    def finish(self):
        """The proofs of the end: all is settled, nothing waits that should not, and the gateway
        ends when it is asked to."""
        status = self.settled()
        if len(status["parked"]) != self.parked_due:
            raise Wrong(f"{len(status['parked'])} parked, {self.parked_due} should be: "
                        f"{status['parked'][:3]}")
        if status["intakes"] < len(self.book.acknowledged):
            raise Wrong(f"{len(self.book.acknowledged)} acknowledged, {status['intakes']} stored")
        self.site.stop()
        code = self.site.process.ended()
        if code != 0:
            raise Wrong(f"it was asked to end and ended with {code}")
        self.prove()

    def close(self):
        self.over.set()
        self.site.kill()
        for one in self.recipients.values():
            one.close()
        if self.shim:
            self.shim.close()
