"""Row 3: the broker that carries the deliveries is away, out of reach, short of memory or disk, or
somebody takes its queues and connections away. Intake goes on all the while.
"""

import pathlib
import sqlite3
import time

from canaries import TOKENS
from rig import Wrong, wait_for
from row import Row
from tcp_proxy import Plan, Proxy

# How often each harm is drawn. One that takes a start of the broker, or the patience of the
# gateway with a line that says nothing, comes less often.
WEIGHTS = {
    "stopped": 3, "killed": 3, "cut": 10, "still": 9, "dead line": 2, "slow": 8, "memory": 6,
    "disk": 5, "queue deleted": 6, "connections closed": 6,
}
# A line that says nothing is given up after two beats of ten seconds, or what was published is
# missed after thirty; then the gateway waits before it comes again.
PATIENCE_S = 90


class BrokerFaults(Row):
    """Messages are acknowledged during each fault, and everything arrives afterwards."""

    number, name = 3, "broker fault"
    fault = "stopped, killed, cut off, still, slow, alarms, queues and connections taken away"
    rounds_a_rig = 10
    queues = ("rabbitmq",)
    proxy = None

    def open(self, folder):
        self.broker = self.options.broker
        self.prefix = f"isthmus-row-3-{self.rigs}"
        self.plan = Plan()
        self.proxy = Proxy(self.broker.port, lambda number: self.plan)
        broker = {"port": self.proxy.port, "more": f'prefix = "{self.prefix}"'}
        rig = self.make_rig(folder, patients=60, broker=broker)
        # Several senders are at work at once; each has patients of its own.
        everyone = rig.feed.patients
        self.load, self.during, self.beside = everyone[:20], everyone[20:40], everyone[40:]
        self.searched = {}
        rig.start()

    def close_more(self):
        if self.proxy:
            self.proxy.close()
            self.proxy = None
        # The rows behind need a broker without faults, whatever became of this one.
        if self.broker.process.poll() is not None:
            self.broker.start()
        else:
            self.calm()

    def calm(self):
        """No alarm any more."""
        self.broker.control(["set_vm_memory_high_watermark", "0.4"])
        self.broker.control(["set_disk_free_limit", "50MB"])

    def play(self, rig, rnd):
        name = rnd.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        harms = {"stopped": self.stopped, "killed": self.killed, "cut": self.cut,
                 "still": self.still, "dead line": self.dead_line, "slow": self.slow,
                 "memory": self.memory, "disk": self.disk, "queue deleted": self.queue_deleted,
                 "connections closed": self.connections_closed}
        sending = rig.send(rig.feed.take(60, rnd, self.load), rate=300)
        at = len(rig.book.acknowledged) + rnd.randrange(5, 40)
        wait_for("the load", lambda: len(rig.book.acknowledged) >= at or sending.is_done())
        begun = time.monotonic()
        fired = harms[name](rig, rnd)
        rig.all_answered(sending)
        rig.send_all(rig.feed.take(10, rnd))
        rig.all_delivered(PATIENCE_S)
        self.tell(name if fired else f"{name}, did not strike")
        self.tell_most(f"longest round of {name}, s", round(time.monotonic() - begun, 1))
        if rig.died():
            raise Wrong("the gateway ended")
        self.look_into_the_broker(rig)
        return fired

    def meanwhile(self, rig, rnd):
        """Sends while the fault lasts; how many deliveries wait then."""
        messages = rig.feed.take(rnd.randrange(20, 60), rnd, self.during)
        rig.send_all(messages, rate=300)
        acknowledged = sum(one.control in rig.book.acknowledged for one in messages)
        if acknowledged != len(messages):
            raise Wrong(f"{acknowledged} of {len(messages)} were acknowledged during the fault")
        self.tell("acknowledged during a fault", acknowledged)
        waiting = len(rig.undelivered())
        self.tell("waiting at its end", waiting)
        return waiting

    def stopped(self, rig, rnd):
        self.broker.stop()
        waiting = self.meanwhile(rig, rnd)
        self.broker.start()
        return waiting > 0

    def killed(self, rig, rnd):
        self.broker.kill()
        waiting = self.meanwhile(rig, rnd)
        self.broker.start()
        return waiting > 0

    def cut(self, rig, rnd):
        """All connections end, and new ones at once."""
        self.proxy.cut()
        waiting = self.meanwhile(rig, rnd)
        time.sleep(rnd.random())
        self.proxy.mend()
        return waiting > 0

    def still(self, rig, rnd):
        """No byte passes in either direction, and nothing ends; then they pass again."""
        self.proxy.hold(new_ones=True)
        waiting = self.meanwhile(rig, rnd)
        time.sleep(rnd.choice((0.2, 1, 3)))
        self.proxy.mend()
        return waiting > 0

    def dead_line(self, rig, rnd):
        """The open connections never say anything again until all is delivered over new ones; what
        they held arrives at the broker after that."""
        self.proxy.hold(new_ones=False)
        waiting = self.meanwhile(rig, rnd)
        rig.all_delivered(PATIENCE_S)
        self.proxy.mend()
        return waiting > 0

    def slow(self, rig, rnd):
        before = self.proxy.done.get("delayed", 0)
        self.plan.delay = rnd.choice((0.02, 0.1))
        self.meanwhile(rig, rnd)
        fired = self.proxy.done.get("delayed", 0) > before
        self.plan.delay = 0.0
        return fired

    def memory(self, rig, rnd):
        """The broker blocks those who publish."""
        self.broker.control(["set_vm_memory_high_watermark", "0.00001"])
        waiting = self.meanwhile(rig, rnd)
        self.broker.control(["set_vm_memory_high_watermark", "0.4"])
        return waiting > 0

    def disk(self, rig, rnd):
        self.broker.control(["set_disk_free_limit", "900000GB"])
        waiting = self.meanwhile(rig, rnd)
        self.broker.control(["set_disk_free_limit", "50MB"])
        return waiting > 0

    def queue_deleted(self, rig, rnd):
        """One of the recipient's queues is gone, with whatever is in it."""
        sending = rig.send(rig.feed.take(400, rnd, self.beside), rate=300)
        name = f"{self.prefix}.crm.{rnd.choice((0, 1))}"
        self.broker.control(["delete_queue", name])
        self.meanwhile(rig, rnd)
        rig.all_answered(sending)
        rig.all_delivered(PATIENCE_S)
        # Declared anew.
        return name in self.broker.control(["list_queues", "name"]).split()

    def connections_closed(self, rig, rnd):
        before = self.proxy.connections
        sending = rig.send(rig.feed.take(400, rnd, self.beside), rate=300)
        self.broker.control(["close_all_connections", "maintenance"])
        self.meanwhile(rig, rnd)
        rig.all_answered(sending)
        rig.all_delivered(PATIENCE_S)
        return self.proxy.connections > before

    def look_into_the_broker(self, rig):
        """What the broker keeps and logs tells of no patient: neither what a message says, nor the
        key by which the store knows its patient."""
        with sqlite3.connect(f"file:{rig.site.folder}/store/isthmus.db?mode=ro",
                             uri=True) as database:
            rows = database.execute("SELECT DISTINCT subject FROM delivery").fetchall()
        database.close()
        keys = [key for (key,) in rows]
        keys += [key.hex().encode() for key in keys]
        for folder in (self.broker.data, self.broker.log.parent):
            for path in pathlib.Path(folder).rglob("*"):
                self.look_into(rig, path, keys)

    def look_into(self, rig, path, keys):
        try:
            if not path.is_file() or self.searched.get(path) == path.stat().st_mtime_ns:
                return
            self.searched[path] = path.stat().st_mtime_ns
            text = path.read_bytes()
        except FileNotFoundError:
            # The broker takes its files away when it has no use for them.
            return
        self.tell_most("largest file of the broker, kB", len(text) >> 10)
        if TOKENS.search(text):
            rig.canaries.look(text, f"the broker's {path.name}")
        if any(key in text for key in keys):
            raise Wrong(f"the broker's {path.name} names a patient's key")


ROWS = (BrokerFaults,)
