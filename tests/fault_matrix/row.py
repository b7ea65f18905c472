"""`Row`, one row of the fault matrix: its rounds and its counts. What a row does is in its module.
"""

import random
import shutil
import time
import traceback

from rig import Rig, Wrong

# How often a round is drawn anew because its fault did not strike.
DRAWS = 6
# After so many failing rounds the rest of a row tells nothing new.
FAILURES_MAX = 3
SUMMED = ("sent", "acknowledged", "refused", "delivered", "lost", "ghosts", "disorder", "two_ids",
          "changed", "foreign", "repeats", "leaks")


class Row:
    """One kind of fault. A round ends with the proofs of `Rig.prove`, whatever the row adds.

    A row gives `number`, `name` and `fault` in a few words, opens a rig, and plays a round on it;
    several rounds on one rig when the fault leaves a gateway that can go on."""

    number, name, fault = 0, "", ""
    rounds_a_rig = 1
    queues = ("embedded", "rabbitmq")

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.totals = dict.fromkeys(SUMMED, 0)
        self.totals.update(peak_mb=0.0, slowest_start_s=0.0)
        # What the row counts beside.
        self.told = {}
        self.fired = self.rounds = 0
        self.failures = []
        self.rig, self.rigs, self.age = None, 0, 0
        self.seconds = 0.0
        self.is_for_queue = options.queue in self.queues

    def open(self, folder):
        """A rig with a running gateway."""
        raise NotImplementedError

    def play(self, rig, rnd):
        """One round; false when the fault did not strike. Raises `Wrong`."""
        raise NotImplementedError

    def tell(self, name, count=1):
        """Counts something of this row's own."""
        self.told[name] = self.told.get(name, 0) + count

    def tell_most(self, name, value):
        self.told[name] = max(self.told.get(name, 0), value)

    def make_rig(self, folder, **parts):
        self.rig = Rig(folder, self.options, **parts)
        return self.rig

    def run(self, rounds, seed, say):
        """Plays the rounds."""
        begun = time.monotonic()
        for number in range(1, rounds + 1):
            name = f"{seed}/{self.number}/{number}"
            try:
                self._round(name)
            except Exception as error:  # whatever it is, the round proved nothing
                known = isinstance(error, Wrong)
                text = str(error) if known else traceback.format_exc()
                self.failures.append({"round": number, "seed": name, "why": text})
                kept = self._give_up()
                say(f"row {self.number} round {number}, seed {name}: {text}{kept}")
            self.rounds += 1
            if len(self.failures) >= FAILURES_MAX:
                break
        try:
            self._close_rig()
        except Exception as error:
            self.failures.append({"round": self.rounds, "seed": str(seed), "why": str(error)})
            say(f"row {self.number}, at the end, seed {seed}: {error}{self._give_up()}")
        self.seconds = time.monotonic() - begun
        return not self.failures

    def _round(self, name):
        for draw in range(DRAWS):
            if self.rig and self.age >= self.rounds_a_rig:
                self._close_rig()
            if not self.rig:
                self.rigs += 1
                self.age = 0
                self.open(self.folder / f"row-{self.number}-{self.rigs}")
            self.age += 1
            rnd = random.Random(f"{name}/{draw}")
            fired = self.play(self.rig, rnd)
            self.rig.prove()
            if fired:
                self.fired += 1
                return
        raise Wrong(f"the fault did not strike in {DRAWS} draws")

    def _close_rig(self):
        """Ends a rig with the proofs of its end."""
        rig = self.rig
        if rig:
            rig.finish()
            self._leave(rig)
            shutil.rmtree(rig.folder)

    def _give_up(self):
        """Leaves a rig on which something went wrong; its folder stays when asked to."""
        rig, kept = self.rig, ""
        if rig:
            self._leave(rig)
            if self.options.keep:
                kept = f"\n    kept: {rig.folder}"
            else:
                shutil.rmtree(rig.folder, ignore_errors=True)
        return kept

    def _leave(self, rig):
        counts = rig.counts()
        for name in SUMMED:
            self.totals[name] += counts[name]
        self.totals["peak_mb"] = max(self.totals["peak_mb"], rig.peak)
        slowest = max(self.totals["slowest_start_s"], rig.slowest_start)
        self.totals["slowest_start_s"] = slowest
        self.tell("starts", rig.starts)
        rig.close()
        self.close_more()
        self.rig = None

    def close_more(self):
        """Closes what a row opened beside its rig."""

    def document(self):
        return {"row": self.number, "name": self.name, "fault": self.fault, "rounds": self.rounds,
                "fired": self.fired, **self.totals, "told": self.told,
                "seconds": round(self.seconds, 1), "failures": self.failures,
                "verdict": self.verdict()}

    def verdict(self):
        if not self.is_for_queue:
            return "not for this queue"
        return "FAILED" if self.failures else "ok"
