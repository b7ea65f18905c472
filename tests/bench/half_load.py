#!/usr/bin/env python3
"""How long senders wait for acknowledgements when the gateway is half busy, beside what a sync takes
on the same disk at the same time; and how much memory a burst takes.

usage: tests/bench/half_load.py [--seconds N] [--rounds N] [--queue embedded|rabbitmq] [--json]

First the most that goes through is found (16 connections, each waits for its answer). Then messages
come at half of that rate, each at its own time: one that has to wait for the answer before it counts
from its turn. Meanwhile a small file is appended to and synced (fdatasync) 50 times a second. At last
256 connections send as fast as they can, which is more than ten times the rate of a calm hour.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from counting_sink import CountingSink, compile_sink, feed  # noqa: E402
from gateway_process import free_port, release_binary  # noqa: E402
from gateway_site import GatewaySite  # noqa: E402
from site_broker import Broker  # noqa: E402


class SyncProbe(threading.Thread):
    """Appends 4 KiB and syncs, again and again; `took` are milliseconds."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.took, self.over = path, [], threading.Event()

    def run(self):
        with open(self.path, "ab", buffering=0) as file:
            while not self.over.wait(0.02):
                file.write(bytes(4096))
                begun = time.perf_counter()
                os.fdatasync(file.fileno())
                self.took.append((time.perf_counter() - begun) * 1000)

    def stop(self):
        self.over.set()
        self.join()
        return self.took


def percentile(values, per_cent):
    return sorted(values)[min(len(values) - 1, int(len(values) * per_cent / 100))]


def send(site, path, connections, rate=None):
    command = [site.binary, "send", f"127.0.0.1:{site.tls_port()}", path, "--tls",
               "--ca", site.folder / "certificates/ca.pem", "--connections", str(connections),
               "--json", *(["--rate", str(rate)] if rate else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"sending failed: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def settle(site):
    while site.undone(site.json("status")):
        time.sleep(0.1)


def one_round(work, options, number):
    folder, port = work / f"site{number}", free_port()
    folder.mkdir()
    queue = options.broker.configuration(folder) if options.broker else {}
    sink = CountingSink(options.sink, port)
    urls = {"crm": f"http://127.0.0.1:{port}/"}
    site = GatewaySite(folder, options.binary, urls, "at_once = 64", tls=True, **queue)
    try:
        site.start()
        path = folder / "feed.hl7"
        most, sent = 0, 0
        for count in (5_000, 20_000):
            begun = time.monotonic()
            send(site, feed(path, count, options.patients, sent), 16)
            settle(site)
            most, sent = count / (time.monotonic() - begun), sent + count
        rate = int(most / 2)
        probe = SyncProbe(work / "probe")
        probe.start()
        half = send(site, feed(path, rate * options.seconds, options.patients, sent), 16, rate)
        synced = probe.stop()
        sent += rate * options.seconds
        settle(site)
        calm = site.process.resident()
        send(site, feed(path, options.burst, options.patients, sent), 256)
        sent += options.burst
        settle(site)
        arrived = sink.ask()[1]
        return {
            "most_per_second": most, "half_load_per_second": rate,
            "ack_p50_ms": half["p50_ms"], "ack_p99_ms": half["p99_ms"],
            "sync_p50_ms": percentile(synced, 50), "sync_p99_ms": percentile(synced, 99),
            "ack_p99_to_sync_p99": half["p99_ms"] / percentile(synced, 99),
            "calm_mb": calm, "burst_peak_mb": site.process.resident("VmHWM"),
            "lost": sent - arrived,
        }
    finally:
        site.kill()
        sink.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=20, help="at half load (20)")
    parser.add_argument("--burst", type=int, default=60_000, help="messages of the burst")
    parser.add_argument("--patients", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--queue", choices=("embedded", "rabbitmq"), default="embedded")
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.binary = options.binary or release_binary()
    options.broker = None
    with tempfile.TemporaryDirectory(prefix="isthmus-half-load-") as folder:
        work = pathlib.Path(folder)
        options.sink = compile_sink(work)
        try:
            if options.queue == "rabbitmq":
                options.broker = Broker(work / "broker")
                options.broker.start()
            rounds = [one_round(work, options, number) for number in range(options.rounds)]
        finally:
            if options.broker:
                options.broker.close()
    median = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    if options.json:
        print(json.dumps({"median": median, "rounds": rounds, "load": os.getloadavg()}))
    else:
        print(f"median of {options.rounds} rounds, load {os.getloadavg()[0]:.1f}")
        for name, value in median.items():
            print(f"{name.replace('_', ' '):>24} {value:10.2f}")
    sys.exit(1 if any(one["lost"] for one in rounds) else 0)


if __name__ == "__main__":
    main()
