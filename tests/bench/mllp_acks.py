#!/usr/bin/env python3
"""Durable acknowledgements a second, beside the least that an MLLP receiver can do.

usage: tests/bench/mllp_acks.py FLOOR_SOURCES [--seconds N] [--rounds N] [--json]

FLOOR_SOURCES is the folder that holds mllp_floor.rs, mllp_load.rs and gen_messages.py. The floor
(one committer thread, one write and one fdatasync for all that waits) and the gateway are driven
by the same load in the same run, one after the other in every round, so that the ratio holds on a
busy machine where the figures do not. The gateway runs twice: with translation off, and with
translation, release and delivery to two folders behind the acknowledgement.

Also: resident memory of the gateway when idle and after the load.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tools"))
from gateway_process import ROOT, GatewayProcess, free_port, release_binary  # noqa: E402

CONNECTIONS = (1, 16, 64)

CONFIG = """
mappings = "{mappings}"
[store]
folder = "store"
master_key = "${{file:secrets/master.key}}"
forward = {forward}
[pseudonym_keys]
crm-link = "${{file:secrets/crm.key}}"
marketing-link = "${{file:secrets/marketing.key}}"
[first_start]
make_keys = true
[[mllp]]
listen = "127.0.0.1:0"
[[sender]]
id = "lab"
networks = ["127.0.0.0/8"]
applications = ["LABSYS"]
facilities = ["GENLAB"]
events = ["ORU^R01"]
authorities = "any"
default_charset = "UNICODE UTF-8"
zone = "America/New_York"
default_authority = "GENHOSP"
[[destination]]
recipient = "crm"
adapter = "ndjson-folder"
folder = "outbox/crm"
[[destination]]
recipient = "marketing"
adapter = "ndjson-folder"
folder = "outbox/marketing"
"""


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def build(sources, work):
    """The floor and the load, optimised, and a message."""
    for name in ("mllp_floor", "mllp_load"):
        run("rustc", "-O", "-A", "warnings", "-o", work / name, sources / f"{name}.rs")
    run(sys.executable, sources / "gen_messages.py", work)
    return work / "oru_r01.hl7"


def wait_for(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def load(work, port, message, connections, seconds):
    """Acknowledged messages a second; every one must be positive and match its message."""
    out = run(work / "mllp_load", f"127.0.0.1:{port}", message, str(connections), str(seconds),
              capture_output=True, text=True)
    line = out.stdout
    rate, accept, other, mismatch = (
        float(re.search(pattern, line).group(1))
        for pattern in (r"([\d.]+) msg/s", r"accept=(\d+)", r"other=(\d+)", r"mismatch=(\d+)"))
    if out.stderr or other or mismatch or not accept:
        raise SystemExit(f"the load failed: {line}{out.stderr}")
    return rate


def floor(work, message, connections, seconds):
    port = free_port()
    journal = work / "floor.journal"
    process = subprocess.Popen([work / "mllp_floor", str(port), "group", journal],
                               stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        return load(work, port, message, connections, seconds)
    finally:
        process.kill()
        process.wait()
        journal.unlink(missing_ok=True)


def gateway(binary, work, message, connections, seconds, forward):
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    config = CONFIG.format(mappings=ROOT / "mappings", forward=str(forward).lower())
    (folder / "isthmus.toml").write_text(config)
    process = GatewayProcess(binary, folder)
    try:
        port = int(process.address.rsplit(":", 1)[1])
        time.sleep(0.3)
        idle = process.resident()
        rate = load(work, port, message, connections, seconds)
        return rate, idle, process.resident()
    finally:
        process.kill()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR"), prefix="isthmus-bench-") as temp:
        work = pathlib.Path(temp)
        binary = release_binary()
        message = build(options.sources.resolve(), work)
        for connections in CONNECTIONS:
            rounds = []
            for _ in range(options.rounds):
                least = floor(work, message, connections, options.seconds)
                off = gateway(binary, work, message, connections, options.seconds, forward=False)
                on = gateway(binary, work, message, connections, options.seconds, forward=True)
                rounds.append((least, off, on))
            middle = statistics.median
            rows.append({
                "connections": connections,
                "floor": round(middle(r[0] for r in rounds)),
                "intake_alone": round(middle(r[1][0] for r in rounds)),
                "with_translation": round(middle(r[2][0] for r in rounds)),
                "ratio_intake_alone": round(middle(r[1][0] / r[0] for r in rounds), 3),
                "ratio_with_translation": round(middle(r[2][0] / r[0] for r in rounds), 3),
                "rss_idle_mb": round(middle(r[1][1] for r in rounds), 1),
                "rss_intake_alone_mb": round(middle(r[1][2] for r in rounds), 1),
                "rss_with_translation_mb": round(middle(r[2][2] for r in rounds), 1),
            })
    if options.json:
        print(json.dumps({"load_average": os.getloadavg()[0], "rows": rows}))
        return
    print(f"durable ACKs a second, median of {options.rounds} rounds of {options.seconds} s, "
          f"load average {os.getloadavg()[0]:.1f}")
    print(f"{'conns':>5} {'floor':>8} {'intake':>8} {'ratio':>6} {'all on':>8} {'ratio':>6} "
          f"{'idle MB':>8} {'loaded MB':>10}")
    for row in rows:
        print(f"{row['connections']:>5} {row['floor']:>8} {row['intake_alone']:>8} "
              f"{row['ratio_intake_alone']:>6.0%} {row['with_translation']:>8} "
              f"{row['ratio_with_translation']:>6.0%} {row['rss_idle_mb']:>8} "
              f"{row['rss_with_translation_mb']:>10}")


if __name__ == "__main__":
    main()
