"""The library in front of the gateway (shim.c): builds it, arms it while the gateway runs, and does
to the files what a power cut would have done. When a fault strikes is the rows' business.
"""

import mmap
import os
import pathlib
import shutil
import struct
import subprocess

from gateway_process import ROOT

SOURCE = pathlib.Path(__file__).with_name("shim.c")
WORDS = 64
# As in shim.c.
(KILL_EVENT, KILL_AT, KILL_DELAY_US, FIRED, SYNC_FAIL_AT, SYNC_FAILS, SYNC_FILES, SYNCS_FAILED,
 SYNCS_SEEN, WRITE_FAILS, WRITES_FAILED, LYING) = range(1, 13)
EVENTS_FROM = 32
EVENTS = ("frame read", "journal write", "before sync", "after sync", "before ack", "ack sent",
          "before delivery", "delivery sent", "sink answered", "marked done", "settled",
          "key sync", "checkpoint write", "before publish", "published", "confirmed")
LOG, DATABASE, KEYS = 1, 2, 4
LONGER_WRITES, ALL_WRITES = 1, 2

# kind, old length, new length, unused, offset, old size
ENTRY = struct.Struct("=IIIIQQ")
WRITTEN, CUT, SYNCED = 1, 2, 3
SECTOR = 512


def build():
    """The library, compiled when it is not or is older than its source."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "fault_matrix"
    library = target / "shim.so"
    if library.exists() and library.stat().st_mtime > SOURCE.stat().st_mtime:
        return library
    target.mkdir(parents=True, exist_ok=True)
    made = target / f"shim.{os.getpid()}.so"
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", made, SOURCE,
                    "-lpthread"], check=True)
    made.replace(library)
    return library


class Shim:
    """The faults of one gateway; `folder` is outside of its store. A `lying` one says yes to every
    sync and does none: a harness that does not notice finds nothing else either."""

    def __init__(self, folder, data, ports, undo=False, lying=False):
        self.lying = lying
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        control = self.folder / "control"
        control.write_bytes(bytes(4 * WORDS))
        with open(control, "r+b") as file:
            self.words = mmap.mmap(file.fileno(), 4 * WORDS)
        self.data, self.undo = [pathlib.Path(one) for one in data], self.folder / "undo"
        numbers = list(ports) + [0] * (3 - len(ports))
        self.environment = {
            "LD_PRELOAD": str(build()),
            "ISTHMUS_FAULT_CONTROL": str(control),
            "ISTHMUS_FAULT_DATA": ":".join(str(one.resolve()) for one in self.data),
            "ISTHMUS_FAULT_PORTS": ":".join(str(number) for number in numbers),
        }
        if undo:
            self.undo.mkdir()
            self.environment["ISTHMUS_FAULT_UNDO"] = str(self.undo)
        self.disarm()

    def get(self, word):
        return struct.unpack_from("=I", self.words, 4 * word)[0]

    def set(self, word, value):
        struct.pack_into("=I", self.words, 4 * word, value)

    def count(self, event):
        """How often an event of this name happened since the last `arm` or `disarm`."""
        return self.get(EVENTS_FROM + 1 + EVENTS.index(event))

    def disarm(self):
        """No fault from now on; all counts begin anew."""
        for word in (KILL_EVENT, SYNC_FAIL_AT, WRITE_FAILS):
            self.set(word, 0)
        for word in range(1, WORDS):
            self.set(word, int(word == LYING and self.lying))

    def kill_at(self, event, number, delay_us=0):
        """SIGKILL at the event of this number from now on."""
        self.disarm()
        self.set(KILL_AT, number)
        self.set(KILL_DELAY_US, delay_us)
        self.set(KILL_EVENT, 1 + EVENTS.index(event))

    def fail_syncs(self, number, count, files):
        """EIO at the sync of this number from now on, and at those behind it, `count` together."""
        self.disarm()
        self.set(SYNC_FILES, files)
        self.set(SYNC_FAILS, count)
        self.set(SYNC_FAIL_AT, number)

    def cut_power(self, rnd, keep):
        """Takes back what was not synced when the process died: all of it, or where `keep` is true
        all but a drawn part, in which a write may have reached the disk in whole, in its first
        sectors, or not at all. Gives how many writes were open and how many were taken back."""
        inodes, entries, lost = {}, 0, 0
        for folder in self.data:
            for path in folder.rglob("*"):
                if path.name.endswith("-shm"):
                    path.unlink()
                elif path.is_file():
                    inodes[path.stat().st_ino] = path
        for log in self.undo.iterdir():
            path = inodes.get(int(log.name))
            if path:
                count, gone = self._take_back(log.read_bytes(), path, rnd if keep else None)
                entries, lost = entries + count, lost + gone
            log.unlink()
        return entries, lost

    @staticmethod
    def _take_back(text, path, rnd):
        open_entries, at, begin = [], 0, 0
        while at + ENTRY.size <= len(text):
            kind, old, new, _, offset, size = ENTRY.unpack_from(text, at)
            body = at + ENTRY.size
            if body + old + new > len(text):
                break
            if kind == SYNCED:
                begin = max(begin, offset)
            else:
                before, after = text[body:body + old], text[body + old:body + old + new]
                open_entries.append((at, kind, offset, size, before, after))
            at = body + old + new
        open_entries = [one for one in open_entries if one[0] >= begin]
        with open(path, "r+b") as file:
            for _, kind, offset, size, before, _after in reversed(open_entries):
                file.seek(offset)
                file.write(before)
                file.truncate(size)
            lost = len(open_entries)
            for _, kind, offset, size, _before, after in open_entries if rnd else ():
                how = rnd.choice(("lost", "kept", "torn"))
                if how == "lost":
                    continue
                if kind == CUT:
                    file.truncate(offset)
                else:
                    kept = len(after)
                    if how == "torn":
                        kept = min(kept, SECTOR * rnd.randrange(1 + len(after) // SECTOR))
                    file.seek(offset)
                    file.write(after[:kept])
                lost -= how == "kept"
        return len(open_entries), lost

    def close(self):
        self.words.close()
        shutil.rmtree(self.folder, ignore_errors=True)
