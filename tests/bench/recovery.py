#!/usr/bin/env python3
"""How long a gateway takes to be ready again after it was killed with much in its queue.

usage: tests/bench/recovery.py [--queued N] [--rounds N] [--queue embedded|rabbitmq] [--json]

The recipient is away, so that every message leaves a delivery that waits. Then the gateway is killed
(SIGKILL) and started again, so many rounds: seconds until its ports are open, and until the first
record arrives at the recipient, which is back by then. At the end nothing may be missing.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from counting_sink import CountingSink, compile_sink, feed  # noqa: E402
from gateway_process import free_port, release_binary  # noqa: E402
from gateway_site import GatewaySite  # noqa: E402
from site_broker import Broker  # noqa: E402

PART = 50_000


def fill(site, options):
    """Hands in the messages and waits until each is a delivery that waits."""
    for first in range(0, options.queued, PART):
        count = min(PART, options.queued - first)
        path = feed(site.folder / "feed.hl7", count, options.patients, first)
        command = [site.binary, "send", f"127.0.0.1:{site.port}", path, "--connections", "64",
                   "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or json.loads(done.stdout)["positive"] != count:
            sys.exit(f"not everything was acknowledged: {done.stdout}{done.stderr}")
        if not options.json:
            print(f"\r{first + count} of {options.queued} handed in", end="", file=sys.stderr)
    while (status := site.json("status"))["open"]:
        time.sleep(1)
    waits = site.undone(status)
    if waits != options.queued:
        sys.exit(f"{waits} deliveries wait, not {options.queued}")


def play(work, options):
    port, program = free_port(), compile_sink(work)
    folder = work / "site"
    folder.mkdir()
    broker, sink, queue = None, None, {}
    try:
        if options.queue == "rabbitmq":
            broker = Broker(work / "broker")
            broker.start()
            queue = broker.configuration(folder)
        urls = {"crm": f"http://127.0.0.1:{port}/"}
        site = GatewaySite(folder, options.binary or release_binary(), urls, **queue)
        site.start()
        try:
            fill(site, options)
            ready = []
            for _ in range(options.rounds):
                site.kill()
                ready.append(site.start())
            site.kill()
            sink = CountingSink(program, port)
            begun = time.monotonic()
            ready.append(site.start())
            while not sink.ask()[0]:
                time.sleep(0.01)
            first = time.monotonic() - begun
            while site.undone(site.json("status")) and options.drain:
                time.sleep(1)
            drained = time.monotonic() - begun
            arrived = sink.ask()[1]
            result = {"ready_s": ready, "first_arrival_s": first, "queued": options.queued,
                      "resident_mb": site.process.resident("VmHWM")}
            if options.drain:
                result.update(drained_s=drained, lost=options.queued - arrived)
        finally:
            site.kill()
    finally:
        if sink:
            sink.close()
        if broker:
            broker.close()
    if options.json:
        print(json.dumps(result))
    else:
        print(f"\n{options.queued} deliveries wait; ready {statistics.median(ready):.2f} s after a "
              f"kill (longest {max(ready):.2f}), first record after {first:.2f} s"
              + (f", all after {drained:.0f} s, lost {result['lost']}" if options.drain else "")
              + f"; resident {result['resident_mb']:.0f} MB at most")
    return max(ready) > 10 or result.get("lost", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--queued", type=int, default=1_000_000)
    parser.add_argument("--patients", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drain", action="store_true", help="wait until all has arrived")
    parser.add_argument("--queue", choices=("embedded", "rabbitmq"), default="embedded")
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isthmus-recovery-") as work:
        sys.exit(1 if play(pathlib.Path(work), options) else 0)


if __name__ == "__main__":
    main()
