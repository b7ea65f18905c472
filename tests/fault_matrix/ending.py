"""Rows in which the gateway ends: killed at every step (1), power cut (2), a sync that fails (5),
asked to end under load (23).
"""

import signal
import threading
import time

import shim
from rig import Wrong, wait_for
from row import Row

# The steps of row 1 and how often each comes in a round, about: a kill is drawn among the first.
STEPS = {
    "frame read": 40, "journal write": 150, "before sync": 60, "after sync": 60,
    "before ack": 40, "ack sent": 40, "before delivery": 60, "delivery sent": 60,
    "sink answered": 60, "marked done": 40, "settled": 30, "key sync": 4, "checkpoint write": 20,
}
# Where something is written and not synced yet.
OPEN_STEPS = ("frame read", "journal write", "before sync", "marked done", "key sync",
              "checkpoint write")
BROKER_STEPS = {"before publish": 60, "published": 60, "confirmed": 40}
# How many kills are at a random time in place of a step, and how many next starts are killed too.
AT_RANDOM, AT_START = 0.2, 0.2


def messages_of(rig, rnd, low=60, high=140):
    """A round's messages and how they are sent."""
    connections, window = rnd.choice((1, 2, 4, 8)), rnd.choice((1, 1, 4, 8))
    messages = rig.feed.take(rnd.randrange(low, high), rnd)
    return messages, {"connections": connections, "window": window}


class Kill(Row):
    """SIGKILL, and the next start takes up what was left."""

    number, name = 1, "kill"
    fault = "SIGKILL at a step or at a random time"
    rounds_a_rig = 10
    undo = "faults"
    steps = STEPS

    def open(self, folder):
        rig = self.make_rig(folder, shim=self.undo)
        rig.start()

    def signal_later(self, rig, how, seconds):
        self.timer = threading.Timer(seconds, rig.site.process.process.send_signal, (how,))
        self.timer.start()

    def strike(self, rig, rnd):
        """Arms the shim, or a timer."""
        steps = {**self.steps, **(BROKER_STEPS if self.options.broker else {})}
        if rnd.random() < AT_RANDOM:
            rig.shim.disarm()
            self.signal_later(rig, signal.SIGKILL, rnd.random() * 0.25)
            return "random time"
        step = rnd.choice(list(steps))
        if step == "checkpoint write":
            # The log is copied when it is long, and at the end: the gateway is asked to end.
            rig.shim.kill_at(step, rnd.randrange(1, 60))
            self.signal_later(rig, signal.SIGTERM, 0.1 + rnd.random() * 0.3)
            return step
        number = rnd.randrange(1, 1 + steps[step])
        delay = rnd.choice((0, 0, 50, 200, 1000))
        rig.shim.kill_at(step, number, delay if step == "frame read" else 0)
        return step

    def play(self, rig, rnd):
        if rnd.random() < 0.3:
            rig.crm.manner(fail=0.01, lose=0.02, seed=rnd.randrange(1 << 30))
        messages, how = messages_of(rig, rnd)
        self.timer = None
        step = self.strike(rig, rnd)
        sending = rig.send(messages, **how)
        answered = lambda: sending.is_done() and not rig.undelivered()
        pending = lambda: self.timer and self.timer.is_alive()
        wait_for("a kill", lambda: rig.died() or (answered() and not pending()))
        if self.timer:
            # A signal was sent, or is not sent any more to one that died before.
            self.timer.cancel()
            rig.site.process.ended(20)
        fired = rig.died()
        rig.shim.disarm()
        if fired:
            code = rig.site.process.ended()
            fired = self.in_flight(rig) and code == -signal.SIGKILL
            self.after_death(rig, rnd)
            self.restart(rig, rnd)
            self.tell(f"at {step}")
        rig.all_answered(sending)
        rig.crm.manner()
        rig.all_delivered()
        return fired

    def in_flight(self, rig):
        """Whether the kill met work: messages unanswered, or acknowledged and not delivered."""
        unanswered = len(rig.book.sent) - len(rig.book.acknowledged)
        undelivered = len(rig.undelivered())
        self.tell("unacknowledged at the kill", unanswered)
        self.tell("undelivered at the kill", undelivered)
        return unanswered + undelivered > 0

    def restart(self, rig, rnd):
        """The next start, which may be killed while it recovers."""
        if rnd.random() < AT_START:
            step = rnd.choice(("journal write", "before sync", "after sync", "key sync"))
            rig.shim.kill_at(step, rnd.randrange(1, 4))
            if not rig.try_to_start():
                self.tell("killed again while starting")
            else:
                # A start that wrote less goes on; the kill may still come with the load.
                rig.shim.disarm()
                if not rig.died():
                    return
                self.tell("killed again right after the start")
            rig.site.process.ended()
            rig.shim.disarm()
            self.after_death(rig, rnd)
        rig.start()

    def after_death(self, rig, rnd):
        """What else happens before the next start."""


class PowerCut(Kill):
    """As row 1, and what was not synced is gone, in whole or in part."""

    number, name = 2, "power loss"
    fault = "SIGKILL, and unsynced writes are lost, kept or torn"
    undo = "undo"
    steps = {name: STEPS[name] for name in OPEN_STEPS}

    def after_death(self, rig, rnd):
        keep = rnd.random() < 0.5
        entries, lost = rig.shim.cut_power(rnd, keep)
        self.tell("writes open at the cut", entries)
        self.tell("writes taken back", lost)
        self.tell("cuts with torn writes" if keep else "cuts that took all")

    def play(self, rig, rnd):
        before = self.told.get("writes open at the cut", 0)
        fired = super().play(rig, rnd)
        # A cut with nothing open is a kill: it counts when it met writes.
        return fired and self.told.get("writes open at the cut", 0) > before


class FailingSync(Row):
    """A sync fails with EIO. The system forgets the pages then, so nothing may be trusted."""

    number, name = 5, "EIO"
    fault = "fsync or fdatasync of database, log or keys gives EIO"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder, shim="undo")
        rig.start()

    def play(self, rig, rnd):
        files, most = rnd.choice(((shim.LOG, 30), (shim.LOG, 30), (shim.KEYS, 3),
                                  (shim.DATABASE, 2)))
        if files == shim.DATABASE:
            return self.at_the_end(rig, rnd)
        lasting = rnd.random() < 0.5
        rig.shim.fail_syncs(rnd.randrange(1, 1 + most), 1 << 20 if lasting else 1, files)
        messages, how = messages_of(rig, rnd, 100, 200)
        sending = rig.send(messages, **how)
        answered = lambda: sending.is_done() and not rig.undelivered()
        wait_for("a failing sync", lambda: rig.shim.get(shim.SYNCS_FAILED) or answered())
        fired = rig.shim.get(shim.SYNCS_FAILED) > 0
        if fired:
            self.tell("log" if files == shim.LOG else "keys")
            code = rig.site.process.ended(20)
            if code is None:
                raise Wrong("a sync failed and the process goes on")
            if code in (0, -signal.SIGKILL):
                raise Wrong(f"a sync failed and the process ended with {code}")
            self.tell(f"exit code {code}")
            rig.shim.disarm()
            self.maybe_cut(rig, rnd)
            rig.start()
        rig.shim.disarm()
        rig.all_answered(sending)
        rig.all_delivered()
        return fired

    def at_the_end(self, rig, rnd):
        """The log is copied into the database when the gateway ends; the database's sync fails.
        The log has everything, so nothing hangs on the exit code."""
        messages, how = messages_of(rig, rnd)
        rig.send_all(messages, **how)
        rig.shim.fail_syncs(1, 1 << 20, shim.DATABASE)
        rig.site.process.process.send_signal(signal.SIGTERM)
        code = rig.site.process.ended(30)
        if code is None:
            raise Wrong("it was asked to end and goes on")
        fired = rig.shim.get(shim.SYNCS_FAILED) > 0
        self.tell(f"database, at the end: exit code {code}")
        rig.shim.disarm()
        self.maybe_cut(rig, rnd)
        rig.start()
        rig.all_delivered()
        return fired

    def maybe_cut(self, rig, rnd):
        if rnd.random() < 0.5:
            _, lost = rig.shim.cut_power(rnd, rnd.random() < 0.5)
            self.tell("then a power cut")
            self.tell("writes taken back", lost)


class Term(Row):
    """It is asked to end under load: what came in whole is answered, the rest goes on after."""

    number, name = 23, "SIGTERM under load"
    fault = "SIGTERM, then a new start"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.start()

    def play(self, rig, rnd):
        rig.crm.manner(wait=rnd.choice((0, 0, 0.05)))
        messages, how = messages_of(rig, rnd, 150, 300)
        sending = rig.send(messages, **how)
        before = len(rig.book.acknowledged)
        at = before + rnd.randrange(10, 120)
        wait_for("the load", lambda: len(rig.book.acknowledged) >= at or sending.is_done())
        fired = not sending.is_done()
        begun = time.monotonic()
        rig.look_at_memory()
        rig.site.stop()
        self.tell_most("longest end, ms", round(1000 * (time.monotonic() - begun)))
        code = rig.site.process.ended()
        if code != 0:
            raise Wrong(f"it was asked to end and ended with {code}")
        rig.start()
        rig.all_answered(sending)
        rig.crm.manner()
        rig.all_delivered()
        return fired


ROWS = (Kill, PowerCut, FailingSync, Term)
