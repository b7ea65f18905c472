#!/usr/bin/env python3
"""Messages a second from MLLP over TLS to a signed webhook: taken in and synced, acknowledged,
translated to FHIR R4, released, sealed, committed, decided upon again, signed, sent, settled.

usage: tests/bench/webhooks.py [--queue embedded|rabbitmq] [--messages N] [--patients N]
                               [--connections N] [--rounds N] [--json]

The load (`isthmus send --tls`), the gateway, the receiver and the broker share this machine. The
receiver does the least that one can, beside counting. With `--queue rabbitmq` every record goes
through a quorum queue, confirmed. Reported: messages a second from the first message sent to
the last webhook received, CPU microseconds a message in the gateway, resident memory.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from counting_sink import CountingSink, compile_sink, feed  # noqa: E402
from gateway_process import (  # noqa: E402
    ROOT, GatewayProcess, cpu_seconds, free_port, release_binary)
from site_broker import Broker  # noqa: E402

CONFIG = """
mappings = "{mappings}"
[store]
folder = "store"
{store}
master_key = "${{file:secrets/master.key}}"
[ledger]
signing_key = "${{file:secrets/ledger.key}}"
[pseudonym_keys]
crm-link = "${{file:secrets/crm.key}}"
marketing-link = "${{file:secrets/marketing.key}}"
[first_start]
make_keys = true
certificates = "certificates"
[[mllp]]
listen = "127.0.0.1:0"
[mllp.tls]
certificate = "certificates/server.pem"
key = "certificates/server.key"
client_certificates = "none"
[[sender]]
id = "ehr"
networks = ["127.0.0.0/8"]
applications = ["EXAMPLE-EHR"]
facilities = ["EXAMPLE-CLINIC"]
events = ["ADT^A08"]
authorities = "any"
default_charset = "UNICODE UTF-8"
zone = "America/New_York"
default_authority = "EXAMPLE MRN"
[[destination]]
recipient = "crm"
adapter = "webhook"
url = "http://127.0.0.1:{port}/hook"
secrets = ["${{file:secrets/webhook.key}}"]
at_once = {at_once}
[[destination]]
recipient = "marketing"
adapter = "ndjson-folder"
folder = "outbox/marketing"
{queue}
"""

def broker_cpu(options):
    return cpu_seconds(options.broker.process.pid) if options.broker else 0


def one_round(work, path, options):
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    port = free_port()
    sink = CountingSink(options.sink, port)
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets/webhook.key").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    broker = {"store": "", "queue": ""}
    if options.broker:
        broker = options.broker.configuration(folder)
    config = CONFIG.format(mappings=ROOT / "mappings", port=port, at_once=options.at_once, **broker)
    (folder / "isthmus.toml").write_text(config)
    gateway = GatewayProcess(options.binary, folder)
    try:
        time.sleep(0.3)
        idle, before, carrying = gateway.resident(), gateway.cpu_seconds(), broker_cpu(options)
        start, loading = time.monotonic(), os.times().children_user + os.times().children_system
        sent = subprocess.run(
            [options.binary, "send", gateway.address, path, "--tls",
             "--ca", folder / "certificates/ca.pem", "--connections", str(options.connections), "--json"],
            capture_output=True, text=True)
        acknowledged = json.loads(sent.stdout)
        if acknowledged["positive"] != options.messages:
            raise SystemExit(f"not everything was acknowledged: {sent.stdout}")
        loading = os.times().children_user + os.times().children_system - loading
        peak = gateway.resident()
        deadline = time.monotonic() + 120
        while True:
            requests, ids, size, micros = sink.ask()
            if ids >= options.messages:
                break
            if time.monotonic() > deadline:
                raise SystemExit(f"{ids} of {options.messages} webhooks came")
            time.sleep(0.02)
        seconds = time.monotonic() - start
        used = gateway.cpu_seconds() - before
        carried, received = broker_cpu(options) - carrying, sink.cpu_seconds()
        return {
            "per_second": options.messages / seconds,
            "acknowledged_per_second": acknowledged["per_second"],
            "webhooks_per_second": ids / max(micros / 1e6, 1e-9),
            "cpu_us_per_message": used * 1e6 / options.messages,
            "broker_cpu_us_per_message": carried * 1e6 / options.messages,
            "load_cpu_us_per_message": loading * 1e6 / options.messages,
            "receiver_cpu_us_per_message": received * 1e6 / options.messages,
            "repeats": requests - ids,
            "body_bytes": size / requests,
            "idle_mb": idle,
            "loaded_mb": max(peak, gateway.resident()),
        }
    finally:
        gateway.kill()
        sink.close()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--queue", choices=("embedded", "rabbitmq"), default="embedded")
    parser.add_argument("--messages", type=int, default=30_000)
    parser.add_argument("--patients", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        print("building", file=sys.stderr)
    options.binary = options.binary or release_binary()
    work = pathlib.Path(tempfile.mkdtemp(prefix="isthmus-webhooks-"))
    options.broker = None
    try:
        if options.queue == "rabbitmq":
            options.broker = Broker(work / "broker")
            options.broker.start()
        options.sink = compile_sink(work)
        path = feed(work / "feed.hl7", options.messages, options.patients)
        rounds = []
        for number in range(options.rounds):
            rounds.append(one_round(work, path, options))
            if not options.json:
                print(f"round {number + 1}: {rounds[-1]['per_second']:.0f} messages a second",
                      file=sys.stderr)
        median = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        if options.json:
            print(json.dumps({"median": median, "rounds": rounds, "load": os.getloadavg()}))
            return
        print(f"{options.messages} messages of {options.patients} patients over "
              f"{options.connections} connections, median of {options.rounds} rounds, "
              f"load {os.getloadavg()[0]:.1f}")
        for key, value in median.items():
            print(f"{key.replace('_', ' '):>26} {value:10.1f}")
    finally:
        if options.broker:
            options.broker.close()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
