"""Rows in which a recipient fails: slow and frozen (6), answers that come too late or twice (9),
records that it refuses for good (13).
"""

import time

from rig import Wrong, wait_for
from row import Row
from tcp_proxy import Plan, Proxy


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0.0


def delays(rig, messages, recipient):
    """From the acknowledgement to the arrival, in seconds; all on one machine's clock."""
    taken = recipient.arrivals.read().taken
    return [taken[one.control] - rig.book.acknowledged[one.control] for one in messages]


class SlowRecipient(Row):
    """One of two recipients is slow, or is frozen; the other gets its records all the same."""

    number, name = 6, "slow or frozen recipient"
    fault = "SIGSTOP of one recipient, or few answers a second"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder, recipients=("crm", "lake"), patients=100)
        rig.start()

    def play(self, rig, rnd):
        crm, lake = rig.recipients["crm"], rig.recipients["lake"]
        before = rig.feed.take(40, rnd)
        rig.send_all(before)
        rig.all_delivered()
        frozen = rnd.random() < 0.5
        if frozen:
            lake.freeze()
        else:
            lake.manner(rate=rnd.choice((20, 50)))
        begun = time.monotonic()
        messages = rig.feed.take(60, rnd)
        try:
            rig.send_all(messages)
            # The recipient's limit of five seconds is not reached: it is slow, not away.
            wait_for("what crm is due", lambda: not rig.undelivered(crm), 20)
            waiting = len(rig.undelivered(lake))
            if frozen:
                time.sleep(max(0, rnd.random() * 0.5 - (time.monotonic() - begun)))
        finally:
            if frozen:
                lake.thaw()
        self.tell("frozen" if frozen else "slow")
        self.tell("waiting for the slow one when the other had all", waiting)
        usual = quantile(delays(rig, before, crm), 0.5)
        meanwhile = quantile(delays(rig, messages, crm), 0.5)
        self.tell_most("most of the median's ratio", round(meanwhile / max(usual, 1e-4), 1))
        lake.manner()
        rig.all_delivered()
        return waiting > 0


class ForeignAnswers(Row):
    """Answers come after the time limit, or twice on a kept connection. None of them may settle a
    record that it is not the answer to: one that the recipient did not take would be lost.

    A second answer that comes when the next request has left already is that request's answer for
    any client of HTTP/1.1, which numbers nothing; so here it comes with the first."""

    number, name = 9, "late or foreign answer"
    fault = "answers after the time limit, answers twice"
    rounds_a_rig = 5
    proxy = None

    def open(self, folder):
        self.plan = Plan()

        def before(port):
            self.proxy = Proxy(port, lambda number: self.plan)
            return self.proxy.port
        rig = self.make_rig(folder, before=before, more="timeout_s = 1\nconnect_timeout_s = 1")
        rig.start()

    def close_more(self):
        if self.proxy:
            self.proxy.close()
            self.proxy = None

    def play(self, rig, rnd):
        self.proxy.rnd = rnd
        seed = rnd.randrange(1 << 30)
        how = rnd.choice(("late", "twice"))
        before = self.proxy.done.get("repeated", 0)
        attempts = len(rig.crm.arrivals.read().all)
        if how == "late":
            rig.crm.manner(late=0.03, late_by=1.1, seed=seed)
        else:
            # What is failed was not taken: were a second answer matched to it, it would be lost.
            rig.crm.manner(fail=0.05, seed=seed)
            self.plan.repeat_answers = 0.2
        messages = rig.feed.take(80, rnd)
        rig.send_all(messages, connections=8)
        # Long enough for the answers, short enough for no breaker to wait for its time.
        rig.all_delivered()
        self.plan.repeat_answers = 0.0
        if how == "late":
            again = len(rig.crm.arrivals.read().all) - attempts - len(messages)
            fired = again > 0
            self.tell("sent again after a late answer", again)
        else:
            fired = self.proxy.done.get("repeated", 0) > before
            self.tell("answers that came twice", self.proxy.done.get("repeated", 0) - before)
        rig.crm.manner()
        rig.settled()
        rig.all_delivered()
        return fired


class Poison(Row):
    """The records of one patient are refused for good. The first is parked, those behind it wait,
    the other patients' go on; when a person says so, all of them leave in order."""

    number, name = 13, "poison record"
    fault = "422 for one patient"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.start()

    def play(self, rig, rnd):
        patient = rnd.choice(rig.feed.patients)
        rig.crm.manner(refuse=[patient])
        messages = rig.feed.take(50, rnd)
        poison = [rig.feed.one(patient) for _ in range(rnd.randrange(2, 6))]
        for one in poison:
            messages.insert(rnd.randrange(len(messages) // 2), one)
        mine = sorted(one.control for one in messages if one.patient == patient)
        order = iter(mine)
        # They were drawn at other places than they are sent at; each gets the next number.
        messages = [self.renumbered(rig, one, next(order)) if one.patient == patient else one
                    for one in messages]
        rig.not_due = set(mine)
        rig.send_all(messages)
        rig.all_delivered()
        status = {}

        def parked():
            status.update(rig.site.json("status"))
            return len(status["parked"]) == 1 and rig.site.undone(status) <= len(mine) - 1
        wait_for("the poison to be parked", parked, 20, 0.05)
        item = status["parked"][0]
        if item["reason"] != "refused-by-destination" or item["behind"] != len(mine) - 1:
            raise Wrong(f"parked otherwise: {item}, {len(mine)} of the patient")
        refused = [one for one in rig.crm.arrivals.read().all if one.status == 422]
        self.tell("parked")
        self.tell("held behind", item["behind"])
        rig.prove()
        rig.crm.manner()
        again = rig.site.run("parked", "retry", item["item"], "--why", "mended there")
        if again.returncode:
            raise Wrong(f"parked retry: {again.stderr}")
        rig.not_due = set()
        rig.all_delivered()
        return bool(refused)

    @staticmethod
    def renumbered(rig, message, control):
        text = message.text.replace(message.control.encode(), control.encode())
        return message._replace(control=control, text=text)


ROWS = (SlowRecipient, ForeignAnswers, Poison)
