#!/usr/bin/env python3
"""Kills a gateway under load again and again, and counts what was lost, made up or overtaken.

usage: tests/faults/oracle_rounds.py [--rounds N] [--seed S] [--binary FILE]

oracle.py, found beside the checkout unless --oracle names it, sends messages and keeps a ledger of
those that were acknowledged; it also stands in for the CRM, keeps a ledger of what arrived, and
fails a tenth of the calls, half of them after it has taken them. Meanwhile the gateway is killed
(SIGKILL) at random moments of the feed and started again on the same ports at once. When all is
delivered, the two ledgers are compared: nothing acknowledged may be lost, nothing arrive that was
not sent, no patient's records overtake each other, no record come under two ids.

The moments follow from the seed; what is in flight at each of them does not. Each kill must hit a
gateway that has work in flight: messages without acknowledgement, or acknowledged ones that have
not arrived.
"""

import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from gateway_process import ROOT, free_port, release_binary  # noqa: E402
from gateway_site import GatewaySite  # noqa: E402

ORACLE = ROOT.parent / "shared/notes/bench/oracle.py"
MESSAGE = ROOT / "gateway/example/messages/04-update.hl7"
# The counts of the check that must be 0 at any time; lost ones only when all is delivered.
ALWAYS_ZERO = ("ghosts", "two_ids", "disorder")
HEAD = ("round", "killed at", "unacked", "not arrived", "up after", "arrived", *ALWAYS_ZERO)


class Ledgers:
    """The two ledgers, read as they grow."""

    def __init__(self, folder):
        self.sent_file, self.arrived_file = folder / "sent", folder / "arrived"
        self.offsets = {}
        self.sent, self.acknowledged, self.arrived = set(), set(), set()

    def _lines(self, file):
        if not file.exists():
            return
        with open(file, "rb") as opened:
            opened.seek(self.offsets.get(file, 0))
            text = opened.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.offsets[file] = self.offsets.get(file, 0) + len(whole)
        for line in whole.decode().splitlines():
            yield line.split()

    def read(self):
        for word, name, *_ in self._lines(self.sent_file):
            if word == "S":
                self.sent.add(name)
            elif word in ("A", "R"):
                self.acknowledged.add(name)
        self.arrived.update(line[1] for line in self._lines(self.arrived_file))
        return self


def check(oracle, ledgers):
    """What the oracle counts. It reads what was sent first, so what arrived is kept before: else
    a message that is sent and arrives in between would count as made up."""
    text = ledgers.arrived_file.read_bytes() if ledgers.arrived_file.exists() else b""
    kept = ledgers.arrived_file.with_suffix(".kept")
    kept.write_bytes(text[: text.rfind(b"\n") + 1])
    command = [sys.executable, oracle, "check", ledgers.sent_file, kept]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    counts = dict(re.findall(r"(\w+)=(\d+)", said.stdout))
    if "lost" not in counts:
        sys.exit(f"the check failed: {said.stdout}{said.stderr}")
    return {name: int(count) for name, count in counts.items()}, said.stdout.strip()


def wait_for(what, done, seconds, look_every=0.002):
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            sys.exit(f"waited in vain for {what}")
        time.sleep(look_every)


def kill_rounds(site, ledgers, oracle, options):
    """Kills at the drawn moments; prints a line for each."""
    rnd = random.Random(options.seed)
    moments = sorted(rnd.sample(range(20, options.messages - 20), options.rounds))
    print("".join(f"{name:>12}" for name in HEAD), flush=True)
    in_vain = 0
    for number, moment in enumerate(moments, 1):
        wait_for(f"acknowledgement {moment}",
                 lambda: len(ledgers.read().acknowledged) >= moment, options.patience)
        time.sleep(rnd.random() * 0.05)
        site.kill()
        ledgers.read()
        unanswered = len(ledgers.sent - ledgers.acknowledged)
        not_arrived = len(ledgers.acknowledged - ledgers.arrived)
        at = len(ledgers.acknowledged)
        up = site.start()
        in_vain += unanswered + not_arrived == 0
        counts, _ = check(oracle, ledgers)
        row = (number, at, unanswered, not_arrived, f"{up * 1000:.0f} ms", len(ledgers.arrived),
               *(counts[name] for name in ALWAYS_ZERO))
        print("".join(f"{value:>12}" for value in row), flush=True)
        if any(counts[name] for name in ALWAYS_ZERO):
            sys.exit("something is wrong already; the folder is kept" if options.keep else
                     "something is wrong already; --keep FOLDER keeps the folder")
    return in_vain


def play(folder, options):
    oracle, ledgers = options.oracle.resolve(), Ledgers(folder)
    binary = options.binary or release_binary()
    port = free_port()
    site_folder = folder / "site"
    site_folder.mkdir()
    site = GatewaySite(site_folder, binary, {"crm": f"http://127.0.0.1:{port}/"}, "timeout_s = 5")
    sink = subprocess.Popen([sys.executable, oracle, "sink", str(port), ledgers.arrived_file,
                             str(options.fail)], stderr=subprocess.DEVNULL)
    sender, begun = None, time.monotonic()
    try:
        site.start()
        sender = subprocess.Popen(
            [sys.executable, oracle, "send", f"127.0.0.1:{site.port}", MESSAGE, ledgers.sent_file,
             str(options.patients), str(options.messages), str(options.connections), "5"],
            stdout=subprocess.PIPE, text=True)
        in_vain = kill_rounds(site, ledgers, oracle, options)
        told, _ = sender.communicate(timeout=options.patience)
        print(f"sender: {told.strip()}", flush=True)
        undone = lambda: site.undone(site.json("status"))
        wait_for("everything to be delivered", lambda: undone() == 0, options.patience, 0.5)
        status = site.json("status")
        verified = site.json("ledger", "verify")
        site.stop()
    finally:
        site.kill()
        for process in (sender, sink):
            if process and process.poll() is None:
                process.kill()
                process.wait()
    counts, line = check(oracle, ledgers)
    print(f"check:  {line}")
    print(f"store:  {status['intakes']} messages, {len(status['parked'])} parked, ledger "
          f"{verified['entries']} entries, {verified['first_bad'] or 'whole'}")
    print(f"{options.rounds} kills, {in_vain} of a gateway without work in flight, "
          f"{options.messages} messages of {options.patients} patients over "
          f"{options.connections} connections, {options.fail} % of the calls failed, "
          f"{time.monotonic() - begun:.0f} s, seed {options.seed}")
    must_be_zero = [counts[name] for name in ("lost", *ALWAYS_ZERO)]
    return any(must_be_zero) or in_vain or status["parked"] or verified["first_bad"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="kills (50)")
    parser.add_argument("--seed", type=int, default=None, help="of the moments of the kills")
    parser.add_argument("--binary", type=pathlib.Path, help="the gateway; else it is built")
    parser.add_argument("--oracle", type=pathlib.Path, default=ORACLE, help="where oracle.py is")
    parser.add_argument("--messages", type=int, help="that are sent (400 a round)")
    parser.add_argument("--patients", type=int, default=100, help="that they are about (100)")
    parser.add_argument("--connections", type=int, default=4, help="of the sender (4)")
    parser.add_argument("--fail", type=float, default=10, help="per cent of failing calls (10)")
    parser.add_argument("--patience", type=int, default=600, help="seconds for any wait (600)")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder that is left behind")
    options = parser.parse_args()
    options.messages = options.messages or 400 * options.rounds
    if options.seed is None:
        options.seed = int.from_bytes(os.urandom(4), "big")
    if not options.oracle.is_file():
        sys.exit(f"{options.oracle} is not there; name it with --oracle")
    print(f"{options.rounds} rounds, seed {options.seed}", flush=True)
    if options.keep:
        options.keep.mkdir(parents=True)
        sys.exit(1 if play(options.keep.resolve(), options) else 0)
    with tempfile.TemporaryDirectory(prefix="isthmus-oracle-") as folder:
        sys.exit(1 if play(pathlib.Path(folder), options) else 0)


if __name__ == "__main__":
    main()
