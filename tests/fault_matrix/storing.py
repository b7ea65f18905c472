"""Rows in which the machine has no more to give: a full disk (4), no descriptors and no memory
(27).
"""

import concurrent.futures
import os
import pathlib
import re
import resource
import subprocess
import time

import shim
from ending import messages_of
from feed import frame
from rig import Wrong, wait_for
from row import Row
from sender import Line

# Under the limit of 16 MiB; refused once it is there, for it names no sender.
LARGE = frame(b"MSH|^~\\&|" + b"A" * (15 << 20))

# Room for the log of the database, which is copied at 32 MiB, and for the database itself.
DISK_BYTES = 80 << 20


class SmallDisk:
    """A file system of its own of a few megabytes; None where it may not be mounted."""

    def __init__(self, path):
        self.path = path
        self.ballast = path / "ballast"

    @classmethod
    def mount(cls, path):
        path.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", path]
        try:
            mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            mounted = False
        return cls(path) if mounted else None

    def fill(self):
        """Leaves no page."""
        with open(self.ballast, "wb", buffering=0) as file:
            for piece in (1 << 20, 4096):
                try:
                    while file.write(bytes(piece)):
                        pass
                except OSError:
                    continue

    def room(self):
        self.ballast.unlink(missing_ok=True)

    def unmount(self):
        subprocess.run(["umount", self.path], capture_output=True, check=False)


class FullDisk(Row):
    """The disk of the store is full for a while. Nobody hears yes to what is not stored, and when
    there is room again the same process goes on."""

    number, name = 4, "disk full"
    fault = "ENOSPC from a small disk, or at every write or those that make files longer"
    rounds_a_rig = 5
    disk = None

    def open(self, folder):
        rig = self.make_rig(folder, shim="faults")
        on_disk = self.rigs % 2 == 1
        if on_disk:
            self.disk = SmallDisk.mount(rig.site.folder / "store")
            self.tell("small disks" if self.disk else "small disks that may not be mounted")
        rig.start()

    def close_more(self):
        if self.disk:
            self.disk.unmount()
            self.disk = None

    def play(self, rig, rnd):
        messages, how = messages_of(rig, rnd, 100, 160)
        errors, process = rig.book.counts["errors"], rig.site.process.process.pid
        sending = rig.send(messages, rate=400, **how)
        at = len(rig.book.acknowledged) + rnd.randrange(0, 60)
        wait_for("the load", lambda: len(rig.book.acknowledged) >= at or sending.is_done())
        longer = rnd.random() < 0.5
        if self.disk:
            self.disk.fill()
        else:
            rig.shim.set(shim.WRITE_FAILS, shim.LONGER_WRITES if longer else shim.ALL_WRITES)
        until = time.monotonic() + 0.8
        while time.monotonic() < until and rig.book.counts["errors"] == errors \
                and not sending.is_done():
            time.sleep(0.01)
        time.sleep(rnd.random() * 0.3)
        if self.disk and rnd.random() < 0.3:
            # What was acknowledged on the full disk is there after a kill too.
            rig.kill()
            self.disk.room()
            rig.start()
            self.tell("killed while full")
            process = rig.site.process.process.pid
        elif self.disk:
            self.disk.room()
        refused = rig.book.counts["errors"] - errors
        failed = rig.shim.get(shim.WRITES_FAILED)
        rig.shim.disarm()
        self.tell("refused with AE", refused)
        self.tell("writes that failed by the shim", failed)
        rig.all_answered(sending)
        rig.all_delivered()
        if rig.died() or rig.site.process.process.pid != process:
            raise Wrong("it went on as another process")
        return refused > 0


def limits(process):
    """Open descriptors and the size of the address space."""
    folder = pathlib.Path(f"/proc/{process}")
    size = re.search(r"VmSize:\s+(\d+) kB", (folder / "status").read_text())
    return len(os.listdir(folder / "fd")), int(size[1]) * 1024


def has_answer(line):
    """Whether an acknowledgement has come by now."""
    line.stream.setblocking(False)
    try:
        return bool(line.stream.recv(4096))
    except OSError:
        return False


class Exhausted(Row):
    """No descriptors are left for new connections, or no memory for large messages."""

    number, name = 27, "exhaustion"
    fault = "RLIMIT_NOFILE or RLIMIT_AS of the running process is used up"
    rounds_a_rig = 5
    # Large messages at once.
    large = 12
    # The allocator asks for what it needs when it needs it, or no limit would be met: otherwise it
    # reserves a gigabyte of addresses at once.
    environment = {"MIMALLOC_ARENA_RESERVE": "0"}

    def open(self, folder):
        rig = self.make_rig(folder, environment=self.environment)
        rig.start()

    def play(self, rig, rnd):
        if rnd.random() < 0.5:
            return self.no_descriptors(rig, rnd)
        return self.no_memory(rig, rnd)

    def no_descriptors(self, rig, rnd):
        process = rig.site.process.process.pid
        old = resource.prlimit(process, resource.RLIMIT_NOFILE)
        first = rig.feed.take(20, rnd)
        rig.send_all(first)
        line = Line(rig.site.port)
        # Once it is answered, its connection is one that the gateway has taken.
        self.ask(rig, line, rnd)
        opened, _ = limits(process)
        resource.prlimit(process, resource.RLIMIT_NOFILE,
                         (opened + rnd.randrange(0, 4), old[1]))
        more = []
        try:
            for _ in range(30):
                more.append(Line(rig.site.port, 0.2))
                more[-1].write(frame(first[0].text))
            time.sleep(0.3)
            refused = sum(not has_answer(one) for one in more)
            # Whoever was connected before is served.
            for _ in range(20):
                self.ask(rig, line, rnd)
        finally:
            resource.prlimit(process, resource.RLIMIT_NOFILE, old)
            for one in (*more, line):
                one.close()
        self.tell("connections not served", refused)
        rig.send_all(rig.feed.take(20, rnd))
        rig.all_delivered()
        if rig.died():
            raise Wrong("it ended for want of descriptors")
        return refused > 0

    def ask(self, rig, line, rnd):
        """Hands in a message on a connection."""
        [one] = rig.feed.take(1, rnd)
        rig.book.note_sent(one.control)
        if rig.book.note_answer(one.control, line.ask(one.text)) is None:
            raise Wrong("an acknowledgement of another message")

    def no_memory(self, rig, rnd):
        process = rig.site.process.process.pid
        rig.send_all(rig.feed.take(20, rnd))
        _, size = limits(process)
        old = resource.prlimit(process, resource.RLIMIT_AS)
        room = rnd.randrange(0, 24) << 20
        resource.prlimit(process, resource.RLIMIT_AS, (size + room, old[1]))
        sending = rig.send(rig.feed.take(60, rnd))
        with concurrent.futures.ThreadPoolExecutor(self.large) as pool:
            cut = sum(pool.map(lambda _: self.is_cut(rig), range(self.large)))
        if not rig.died():
            resource.prlimit(process, resource.RLIMIT_AS, old)
        # A store that could not be mapped ends the process in order; what was accepted is kept.
        wait_for("answers or an end", lambda: sending.is_done() or rig.died())
        if rig.died():
            self.tell(f"ended for want of memory: {rig.site.process.ended()}")
            rig.start()
        self.tell("large messages cut", cut)
        rig.all_answered(sending)
        rig.all_delivered()
        return cut > 0 or rig.site.process.process.pid != process

    @staticmethod
    def is_cut(rig):
        """Whether a large message was not answered: there was no memory for it."""
        try:
            line = Line(rig.site.port, 10)
            try:
                line.write(LARGE)
                line.answer()
            finally:
                line.close()
        except OSError:
            return True
        return False


ROWS = (FullDisk, Exhausted)
