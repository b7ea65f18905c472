"""Row 14: ten times the usual load for a while. Nothing is dropped without a word."""

import time

from receiving import quantile
from rig import Wrong
from row import Row


class Burst(Row):
    """A burst between quiet times; the answers' times are told and not judged."""

    number, name = 14, "burst of 10 times the load"
    fault = "50 messages a second, then 500, then 50 again"
    rounds_a_rig = 10
    usual, part_s = 50, 0.4

    def open(self, folder):
        rig = self.make_rig(folder, patients=200)
        rig.start()

    def play(self, rig, rnd):
        rates = {}
        for part, rate, connections in (("before", self.usual, 4), ("burst", 10 * self.usual, 32),
                                        ("after", self.usual, 4)):
            messages = rig.feed.take(int(rate * self.part_s), rnd)
            first, begun = rig.book.counts["errors"], time.monotonic()
            rig.send_all(messages, connections=connections, rate=rate)
            rates[part] = len(messages) / (time.monotonic() - begun)
            waits = [rig.book.acknowledged[one.control] - rig.book.sent[one.control]
                     for one in messages if one.control in rig.book.acknowledged]
            if len(waits) != len(messages):
                raise Wrong(f"{len(messages) - len(waits)} messages were not acknowledged")
            self.tell_most(f"p99 {part}, ms, at most", round(1000 * quantile(waits, 0.99), 1))
            self.tell("refused with AE", rig.book.counts["errors"] - first)
        rig.all_delivered()
        self.tell_most("fastest burst, messages a second", round(rates["burst"]))
        # A machine that has no time for the sender makes no burst.
        return rates["burst"] > 2 * rates["before"]


ROWS = (Burst,)
