"""`tests/faults`: plays rows of the fault matrix and tells what came of it. The rows are in the
modules named in ROWS.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

import brokering
import certifying
import clock
import crafted
import ending
import keeping
import loading
import numbering
import receiving
import reloading
import storing
import wire
from site_broker import Broker
from gateway_process import release_binary

MODULES = (brokering, certifying, clock, crafted, ending, keeping, loading, numbering, receiving,
           reloading, storing, wire)
ROWS = {row.number: row for module in MODULES for row in module.ROWS}

COLUMNS = (
    ("row", 4, "row"), ("fault", 24, "name"), ("rounds", 7, "rounds"), ("fired", 6, "fired"),
    ("sent", 8, "sent"), ("acked", 8, "acknowledged"), ("delivered", 10, "delivered"),
    ("lost", 5, "lost"), ("ghosts", 7, "ghosts"), ("disorder", 9, "disorder"),
    ("two ids", 8, "two_ids"), ("repeats", 8, "repeats"), ("peak MB", 8, "peak_mb"),
    ("leaks", 6, "leaks"), ("seconds", 8, "seconds"), ("verdict", 8, "verdict"))


def arguments():
    parser = argparse.ArgumentParser(
        prog="tests/faults", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Does the gateway harm in every way of the fault matrix, and counts what was "
        "lost, made up,\novertaken or sent under two ids. Exit code 1 when anything is wrong.",
        epilog="rows:\n" + "\n".join(f"  {number:>2}  {ROWS[number].name}: {ROWS[number].fault}"
                                     for number in sorted(ROWS)))
    parser.add_argument("--rounds", type=int, default=50, help="of each row (50)")
    parser.add_argument("--row", help="numbers of rows, separated by commas; else all")
    parser.add_argument("--seed", help="of all that is drawn; else one is drawn and printed")
    parser.add_argument("--queue", choices=("embedded", "rabbitmq"), default="embedded")
    parser.add_argument("--json", action="store_true", help="one document in place of the table")
    parser.add_argument("--binary", type=pathlib.Path, help="the gateway; else it is built")
    parser.add_argument("--ceiling", type=int, default=256, metavar="MB",
                        help="resident memory at most (256); a binary that is not optimised is "
                        "larger itself")
    parser.add_argument("--keep", type=pathlib.Path,
                        help="a new folder, in which the sites of failing rounds are left")
    parser.add_argument("--lying-disk", action="store_true", dest="lying",
                        help="every sync says yes and does nothing: rows 2 and 5 must fail, which "
                        "proves that they can")
    options = parser.parse_args()
    chosen = options.row.split(",") if options.row else sorted(ROWS)
    unknown = [one for one in map(str, chosen) if not one.isdigit() or int(one) not in ROWS]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(map(str, sorted(ROWS)))}")
    options.rows = [ROWS[int(one)] for one in chosen]
    options.seed = options.seed or str(int.from_bytes(os.urandom(4), "big"))
    return options


def print_line(row):
    cells = []
    for title, width, name in COLUMNS:
        value = row[name]
        text = f"{value:.1f}" if isinstance(value, float) else str(value)
        cells.append(f"{text:<{width}}" if title == "fault" else f"{text:>{width}}")
    print(" ".join(cells))


def play(options, folder):
    say = lambda text: print(text, file=sys.stderr, flush=True)
    documents = []
    for kind in options.rows:
        row = kind(options, folder)
        if row.is_for_queue:
            row.run(options.rounds, options.seed, say)
        documents.append(row.document())
        if not options.json:
            print_line(documents[-1])
            sys.stdout.flush()
    return documents


def tell_more(documents, ceiling):
    print(f"\nmemory stays under {ceiling} MB, no patient data in what was written, every "
          "ledger whole, unless a row failed")
    for row in documents:
        if not row["rounds"]:
            continue
        told = ", ".join(f"{name}: {count}" for name, count in row["told"].items())
        print(f"row {row['row']}, {row['fault']}: {told}; slowest start "
              f"{1000 * row['slowest_start_s']:.0f} ms")


def main():
    options = arguments()
    options.binary = (options.binary or release_binary()).resolve()
    if not options.json:
        print(f"{options.rounds} rounds a row, queue {options.queue}, seed {options.seed}")
        print(" ".join(f"{title:<{width}}" if title == "fault" else f"{title:>{width}}"
                       for title, width, _ in COLUMNS), flush=True)
    options.broker = None
    if options.keep:
        options.keep.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="isthmus-faults-") as temporary:
        folder = (options.keep or pathlib.Path(temporary)).resolve()
        try:
            if options.queue == "rabbitmq":
                options.broker = Broker(pathlib.Path(temporary).resolve() / "broker")
                options.broker.start()
            documents = play(options, folder)
        finally:
            if options.broker:
                options.broker.close()
    failed = any(row["failures"] for row in documents)
    if options.json:
        print(json.dumps({"seed": options.seed, "queue": options.queue, "rows": documents,
                          "ceiling_mb": options.ceiling, "failed": failed}, indent=1))
    else:
        tell_more(documents, options.ceiling)
    return 1 if failed else 0
