#!/usr/bin/env python3
"""What one patient whose records always fail, and one dead recipient, cost all the others.

usage: tests/bench/starvation.py [--messages N] [--rate R] [--binary FILE]

Messages about a thousand patients are sent at an even rate to a gateway with four webhooks. For
every record of the others, the time from the acknowledgement of its message to its arrival is
measured: without a fault; with one patient, the subject of every tenth message, whose records are
refused (422); with one whose requests are never answered; and with one of the four recipients
dead. What the fault hits is left out of the figures. All is on one machine: the figures say what
the fault changes, not how fast a gateway can be.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import re
import socket
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from gateway_process import free_port, release_binary  # noqa: E402
from gateway_site import GatewaySite  # noqa: E402

RECIPIENTS = ("alpha", "beta", "gamma", "delta")
PATIENTS = 1000
# The patient whose records fail, in every tenth message.
FAILING, EVERY = 0, 10
CONNECTIONS = 4
CONTROL_ID = re.compile(rb"P(\d{5})S\d{7}")
FAULTS = ("none", "422", "silent", "dead")
TITLES = {
    "none": "no fault",
    "422": "one patient refused",
    "silent": "one patient never answered",
    "dead": "one recipient dead",
}

MESSAGE = (
    "MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||ADT^A08^ADT_A01|"
    "{control}|P|2.5.1|||||USA|UNICODE UTF-8\rEVN|A08|20260310081400-0400\r"
    "PID|1||P{patient:05}^^^EXAMPLE MRN^MR||Sample^Avery^^^^^L||19840617|F|||"
    "12 Sample Street^^Springfield^IL^62704^USA^H\r"
)


def receive(ports, fault, arrivals):
    """The recipients: answers at once, but for the failing patient. Ends when it is killed; at
    `None` in the pipe it sends when each record first arrived."""
    seen = {}

    def serve(stream, recipient):
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                chunk = stream.recv(65536)
                if not chunk:
                    return
                buffer += chunk
            came = time.monotonic()
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            while len(buffer) < length:
                buffer += stream.recv(65536)
            body, buffer = buffer[:length], buffer[length:]
            found = CONTROL_ID.search(body)
            status = 200
            if int(found.group(1)) == FAILING:
                if fault == "silent":
                    time.sleep(3600)
                status = 422 if fault == "422" else 200
            seen.setdefault((recipient, found.group().decode()), came)
            stream.sendall(b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n" % status)

    def listen(recipient, port):
        listener = socket.create_server(("127.0.0.1", port), backlog=256)
        while True:
            stream, _ = listener.accept()
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(stream, recipient), daemon=True).start()

    for recipient, port in ports.items():
        if fault != "dead" or recipient != RECIPIENTS[-1]:
            threading.Thread(target=listen, args=(recipient, port), daemon=True).start()
    while arrivals.recv():
        arrivals.send(dict(seen))


def send(port, count, rate):
    """Sends at an even rate; when the positive acknowledgement of each message came."""
    acknowledged, begun, problems = {}, time.monotonic(), []

    def connection(first):
        stream, buffer = socket.create_connection(("127.0.0.1", port)), b""
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(first, count, CONNECTIONS):
            patient = FAILING if number % EVERY == 0 else 1 + number % (PATIENTS - 1)
            control = f"P{patient:05}S{number:07}"
            wait = begun + number / rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            text = MESSAGE.format(control=control, patient=patient)
            stream.sendall(b"\x0b" + text.encode() + b"\x1c\r")
            while b"\x1c\r" not in buffer:
                buffer += stream.recv(65536)
            answer, _, buffer = buffer.partition(b"\x1c\r")
            if b"MSA|AA|" + control.encode() not in answer:
                problems.append(answer.decode(errors="replace"))
                return
            acknowledged[control] = time.monotonic()

    threads = [threading.Thread(target=connection, args=(k,)) for k in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        sys.exit(f"not accepted: {problems[0]}")
    return acknowledged


def measure(binary, fault, options):
    """The times of all records that the fault does not hit, in seconds, and how many are missing."""
    ports = {recipient: free_port() for recipient in RECIPIENTS}
    ours, theirs = multiprocessing.Pipe()
    receivers = multiprocessing.Process(target=receive, args=(ports, fault, theirs), daemon=True)
    receivers.start()
    with tempfile.TemporaryDirectory(prefix="isthmus-starvation-") as folder:
        urls = {recipient: f"http://127.0.0.1:{port}/" for recipient, port in ports.items()}
        site = GatewaySite(folder, binary, urls, "timeout_s = 2\nconnect_timeout_s = 1")
        site.start()
        try:
            acknowledged = send(site.port, options.messages, options.rate)
            healthy = RECIPIENTS[:-1]
            due = {(recipient, control) for recipient in healthy for control in acknowledged
                   if not control.startswith(f"P{FAILING:05}")}
            until, seen = time.monotonic() + options.patience, {}
            while not due <= seen.keys() and time.monotonic() < until:
                time.sleep(0.5)
                ours.send(True)
                seen = ours.recv()
            status = site.json("status")
        finally:
            site.kill()
            receivers.kill()
            receivers.join()
    times = [seen[key] - acknowledged[key[1]] for key in due & seen.keys()]
    states = {}
    for row in status["deliveries"]:
        if row["recipient"] != "marketing":
            states[row["state"]] = states.get(row["state"], 0) + row["count"]
    return {"fault": fault, "records": len(times), "missing": len(due - seen.keys()),
            "p50_ms": 1000 * quantile(times, 0.5), "p99_ms": 1000 * quantile(times, 0.99),
            "max_ms": 1000 * max(times), "states": states}


def quantile(times, part):
    return sorted(times)[min(len(times) - 1, int(part * len(times)))]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000, help="a run (3000)")
    parser.add_argument("--rate", type=float, default=100, help="messages a second (100)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind (3)")
    parser.add_argument("--patience", type=int, default=120, help="seconds for the rest (120)")
    parser.add_argument("--binary", type=pathlib.Path, help="the gateway; else it is built")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    binary = options.binary or release_binary()
    runs = {fault: [] for fault in FAULTS}
    for number in range(options.rounds):
        for fault in FAULTS:
            runs[fault].append(measure(binary, fault, options))
            print(f"round {number + 1}: {TITLES[fault]}: {runs[fault][-1]}", file=sys.stderr)
    if options.json:
        print(json.dumps({"load_average": os.getloadavg()[0], "runs": runs}))
        return
    print(f"acknowledgement to arrival of the others' records at three of four recipients, median "
          f"of {options.rounds} runs of {options.messages} messages at {options.rate:g} a second, "
          f"load average {os.getloadavg()[0]:.1f}")
    print(f"{'':<28}{'records':>9}{'missing':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for fault in FAULTS:
        middle = lambda name: statistics.median(one[name] for one in runs[fault])
        print(f"{TITLES[fault]:<28}{middle('records'):>9.0f}{middle('missing'):>9.0f}"
              f"{middle('p50_ms'):>9.1f}{middle('p99_ms'):>9.1f}{middle('max_ms'):>9.1f}")


if __name__ == "__main__":
    main()
