#!/usr/bin/env python3
"""Runs the gateway under a steady load for a long time, and shows whether anything grows that should
not: resident memory, files, what waits. At the end everything must have arrived.

usage: tests/bench/soak.py [--minutes N] [--rate N] [--queue embedded|rabbitmq] [--json]

The load is `isthmus send --tls`, the recipient a signed webhook. A line a minute: messages until then,
resident memory, bytes of the store a message, what waits, processor time a message. Memory is flat
when the median of the last quarter is at most 10 % over that of the second quarter; the first is left
to warming up. The store keeps messages, ledger and ids of what was delivered, so it grows by the same
for each message: the last quarter may differ from the second by 10 %.
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

HEAD = ("minute", "messages", "resident MB", "store MB", "bytes/message", "waiting", "CPU us/message")


def stored(folder):
    """Bytes of the store's files."""
    return sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())


def send(site, path, options):
    """Sends one minute's messages; how many were acknowledged."""
    command = [site.binary, "send", f"127.0.0.1:{site.tls_port()}", path, "--tls",
               "--ca", site.folder / "certificates/ca.pem", "--connections", "16",
               "--rate", str(options.rate), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"sending failed: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["positive"]


def soak(site, sink, options):
    """The rows of all minutes."""
    rows, sent = [], 0
    before = (stored(site.folder), site.process.cpu_seconds())
    if not options.json:
        print("".join(f"{name:>15}" for name in HEAD), flush=True)
    for minute in range(1, options.minutes + 1):
        path = feed(site.folder / "feed.hl7", options.rate * 60, options.patients, sent)
        acknowledged = send(site, path, options)
        if acknowledged != options.rate * 60:
            sys.exit(f"{options.rate * 60 - acknowledged} messages were not acknowledged")
        sent += acknowledged
        now = (stored(site.folder), site.process.cpu_seconds())
        row = {
            "minute": minute, "messages": sent, "resident MB": site.process.resident(),
            "store MB": now[0] / 1e6, "bytes/message": (now[0] - before[0]) / acknowledged,
            "waiting": sent - sink.ask()[1],
            "CPU us/message": (now[1] - before[1]) * 1e6 / acknowledged,
        }
        before = now
        rows.append(row)
        if not options.json:
            print("".join(f"{row[name]:15.0f}" for name in HEAD), flush=True)
    return rows, sent


def grows(rows, name):
    """By how much of itself a figure is larger in the last quarter than in the second one."""
    quarter = max(1, len(rows) // 4)
    early = statistics.median(row[name] for row in rows[quarter:2 * quarter] or rows[:1])
    late = statistics.median(row[name] for row in rows[-quarter:])
    return late / early - 1


def play(work, options):
    port = free_port()
    broker, sink = None, CountingSink(compile_sink(work), port)
    folder = work / "site"
    folder.mkdir()
    queue = {}
    try:
        if options.queue == "rabbitmq":
            broker = Broker(work / "broker")
            broker.start()
            queue = broker.configuration(folder)
        urls = {"crm": f"http://127.0.0.1:{port}/"}
        site = GatewaySite(folder, options.binary or release_binary(), urls, tls=True, **queue)
        site.start()
        try:
            rows, sent = soak(site, sink, options)
            until = time.monotonic() + 120
            while site.undone(status := site.json("status")) and time.monotonic() < until:
                time.sleep(0.5)
            requests, arrived, _, _ = sink.ask()
            verified = site.json("ledger", "verify")
        finally:
            site.kill()
    finally:
        sink.close()
        if broker:
            broker.close()
    result = {
        "sent": sent, "lost": sent - arrived, "repeats": requests - arrived,
        "parked": len(status["parked"]), "first_bad": verified["first_bad"],
        "resident_growth": grows(rows, "resident MB"),
        "growth_of_bytes_a_message": grows(rows, "bytes/message"),
        "peak_mb": max(row["resident MB"] for row in rows), "minutes": rows,
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{sent} messages, lost {result['lost']}, repeats {result['repeats']}, parked "
              f"{result['parked']}, ledger {verified['first_bad'] or 'whole'}; memory grew by "
              f"{result['resident_growth']:.1%}, bytes a message by "
              f"{result['growth_of_bytes_a_message']:.1%}, peak {result['peak_mb']:.0f} MB")
    return (result["lost"] or result["parked"] or result["first_bad"]
            or result["resident_growth"] > 0.1 or abs(result["growth_of_bytes_a_message"]) > 0.1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second (1000)")
    parser.add_argument("--patients", type=int, default=5_000)
    parser.add_argument("--queue", choices=("embedded", "rabbitmq"), default="embedded")
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isthmus-soak-") as work:
        sys.exit(1 if play(pathlib.Path(work), options) else 0)


if __name__ == "__main__":
    main()
