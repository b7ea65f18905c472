"""Row 11: the clock of the running gateway jumps (libfaketime); the monotonic one stays true."""

import pathlib
import time

from rig import Wrong
from row import Row

LIBRARY = "faketime/libfaketimeMT.so.1"
HOUR, YEAR = 3600, 365 * 24 * 3600


def library():
    found = sorted(pathlib.Path("/usr/lib").glob(f"*/{LIBRARY}"))
    if not found:
        raise Wrong("libfaketime is missing; install the package libfaketime")
    return str(found[0])


class Jumps(Row):
    """The clock jumps under load, with a recipient that fails now and then, and is put right."""

    number, name = 11, "clock jump"
    fault = "+1 h, -1 h, 1970 and a year ahead, under load"
    rounds_a_rig = 8

    def open(self, folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.file = folder.parent / f"{folder.name}.clock"
        self.set(0)
        rig = self.make_rig(folder, environment={
            "LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1"})
        rig.start()

    def close_more(self):
        self.file.unlink(missing_ok=True)

    def set(self, seconds):
        """Seconds from the true time, from now on."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self.file)

    def play(self, rig, rnd):
        jumps = {"+1 h": HOUR, "-1 h": -HOUR, "1970": -int(time.time()) + 1000, "+1 year": YEAR}
        name = rnd.choice(list(jumps))
        before = len(rig.crm.arrivals.read().all)
        rig.crm.manner(fail=0.02, lose=0.02, seed=rnd.randrange(1 << 30))
        sending = rig.send(rig.feed.take(90, rnd), rate=300)
        time.sleep(rnd.random() * 0.1)
        self.set(jumps[name])
        time.sleep(0.15)
        during = rig.feed.take(20, rnd)
        rig.all_answered(sending)
        rig.send_all(during)
        seen = self.seen_year(rig)
        rig.crm.manner()
        self.set(0)
        rig.send_all(rig.feed.take(20, rnd))
        parked = self.free_parked(rig)
        rig.all_delivered(30)
        attempts = len(rig.crm.arrivals.read().all) - before
        if attempts > 3 * 130:
            raise Wrong(f"{attempts} attempts for 130 records: a storm")
        self.tell(name)
        self.tell("attempts", attempts)
        if parked:
            self.tell(f"parked as tried too long at {name}", parked)
        # The log shows the gateway's own clock.
        due = time.gmtime(time.time() + jumps[name]).tm_year
        return due in seen if name in ("1970", "+1 year") else bool(seen)

    @staticmethod
    def seen_year(rig):
        """The years and hours that the received times of the newest messages lie in."""
        seen = set()
        page = rig.site.json("ledger", "show", "--limit", "40")
        for entry in page["entries"]:
            seen.add(int(str(entry.get("at", "0"))[:4] or 0))
        return seen

    @staticmethod
    def free_parked(rig):
        """A record that failed while the clock stood far ahead counts as tried for too long. It is
        kept for a person; here the person lets it go on."""
        status = rig.site.json("status")
        for item in status["parked"]:
            if item["reason"] != "tried-too-long":
                raise Wrong(f"parked: {item}")
            rig.site.json("parked", "retry", item["item"], "--why", "the clock was wrong")
        return len(status["parked"])


ROWS = (Jumps,)
