"""Row 22: rules and configuration change under load. A message is carried wholly by the old or by
the new ones, and wrong ones change nothing.
"""

import signal
import time

from feed import HEADER
from rig import Wrong, wait_for
from row import Row
from sender import Line

MAP = "mappings/fhir-to-records/crm-contact.rmap"
POLICY = "mappings/policies/crm.toml"
CONFIG = "isthmus.toml"
STATE_ROW = "  address.state         <- p.address[0].state\n"
STATE_ALLOWED = '[[flow.allow]]\npath = "Patient.address[0].state"\nclass = "contact"\n'
# What tells new records from old ones, in the order of the sink's marks: two that only the new
# ones have, and one that only the old ones have.
MARKS = ["Zqstreet", "ZQSTREET", "Springfield", "SPRINGFIELD", '"state"']
OLD, NEW = "10101", "01010"
# A system that only the new configuration lets in.
OTHER = "OTHER-EHR"


class Reload(Row):
    """The rules go to and fro under load, with wrong ones between."""

    number, name = 22, "reload under load"
    fault = "maps, policies and configuration change, and SIGHUP; some of them are wrong"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder, patients=100)
        # Those of the load, and those whose messages come beside it: none overtakes its own.
        self.many, self.few = rig.feed.patients[:80], rig.feed.patients[80:]
        rig.crm.manner(marks=MARKS)
        self.old = {name: (rig.site.folder / name).read_text() for name in (MAP, POLICY, CONFIG)}
        rig.site.edit(MAP, ("p.address[0].line[0]", "p.address[0].line[0] | upper"),
                      ("p.address[0].city", "p.address[0].city | upper"), (STATE_ROW, ""))
        rig.site.edit(POLICY, (STATE_ALLOWED, ""))
        rig.site.edit(CONFIG, ('"EXAMPLE-EHR"', f'"EXAMPLE-EHR", "{OTHER}"'))
        self.new = {name: (rig.site.folder / name).read_text() for name in self.old}
        # Which rules are in force.
        self.is_new = False
        self.write(rig, self.old)
        rig.start()

    @staticmethod
    def write(rig, texts):
        for name, text in texts.items():
            (rig.site.folder / name).write_text(text)

    def play(self, rig, rnd):
        cuts, process = rig.book.counts["cut"], rig.site.process.process.pid
        before, after = (OLD, NEW) if not self.is_new else (NEW, OLD)
        load = rig.feed.take(240, rnd, self.many)
        sending = rig.send(load, rate=500, connections=rnd.choice((4, 8)),
                           window=rnd.choice((1, 4)))
        at = len(rig.book.acknowledged) + rnd.randrange(10, 60)
        wait_for("the load", lambda: len(rig.book.acknowledged) >= at or sending.is_done())
        if rnd.random() < 0.7:
            self.refused(rig, rnd)
            self.only(rig, rig.feed.take(5, rnd, self.few), before)
        self.write(rig, self.old if self.is_new else self.new)
        asked = time.monotonic()
        self.hang_up(rig, "reloaded")
        told = time.monotonic()
        fired = not sending.is_done()
        self.tell_most("longest reload, ms", round(1000 * (told - asked)))
        self.is_new = not self.is_new
        self.only(rig, rig.feed.take(5, rnd, self.few), after)
        self.other_system(rig, rnd)
        rig.all_answered(sending)
        rig.all_delivered()
        self.judge(rig, load, before, after, told)
        if rig.book.counts["cut"] != cuts or rig.site.process.process.pid != process:
            raise Wrong("a connection was dropped")
        return fired

    @staticmethod
    def hang_up(rig, due):
        """SIGHUP, and the event that comes of it."""
        rig.site.process.process.send_signal(signal.SIGHUP)
        event = rig.site.process.event(20)
        if not event or event["event"] != due:
            raise Wrong(f"{due} is due, and it says {event}")
        return event

    def refused(self, rig, rnd):
        """Wrong files; the ones in force stay."""
        texts = self.new if self.is_new else self.old
        wrongs = {
            "a map that reads what the policy forbids": {
                MAP: self.old[MAP], POLICY: self.new[POLICY]},
            "a map with a wrong row": {
                MAP: texts[MAP].replace("| year", "| yaer")},
            "a policy that ends in its midst": {
                POLICY: texts[POLICY][:len(texts[POLICY]) // 2] + "\n[[flow"},
            "an unknown key": {CONFIG: texts[CONFIG].replace('[ledger]', '[ledger]\nseal = 1')},
            "right rules and a wrong configuration": {
                **(self.old if self.is_new else self.new),
                CONFIG: texts[CONFIG].replace('zone = "America/New_York"', 'zone = "Nowhere"')},
        }
        name = rnd.choice(list(wrongs))
        self.write(rig, wrongs[name])
        event = self.hang_up(rig, "reload-refused")
        if event["exit_code"] != 2 or not event["diagnostics"]:
            raise Wrong(f"{name} was refused without a reason: {event}")
        self.tell(f"refused: {name}")
        self.write(rig, texts)

    @staticmethod
    def only(rig, messages, due):
        """Messages that come now are carried by these rules."""
        rig.send_all(messages)
        wait_for("their records", lambda: not set(rig.undelivered())
                 & {one.control for one in messages})
        mine = {one.control for one in messages}
        marks = {one.marks for one in rig.crm.arrivals.all if one.control in mine and one.taken}
        if marks != {due}:
            raise Wrong(f"records look like {marks}, and {due} is due")

    def judge(self, rig, load, before, after, told):
        """All changes or none in each record, and the new ones in all that came after them."""
        mine = {one.control for one in load}
        forms = {}
        for one in rig.crm.arrivals.read().all:
            if one.taken and one.control in mine:
                forms.setdefault(one.control, set()).add(one.marks)
        wrong = {control: marks for control, marks in forms.items()
                 if marks not in ({before}, {after})}
        if wrong:
            raise Wrong(f"records with a part of the changes: {list(wrong.items())[:3]}")
        late = [control for control, marks in forms.items()
                if marks == {before} and rig.book.sent[control] > told]
        if late:
            raise Wrong(f"{len(late)} messages came after the reload and went by the old rules")
        self.tell("records by the old rules", sum(marks == {OLD} for marks in forms.values()))
        self.tell("records by the new rules", sum(marks == {NEW} for marks in forms.values()))

    def other_system(self, rig, rnd):
        """Only the new configuration lets this sender in."""
        message = rig.feed.one(rnd.choice(self.few),
                               header=HEADER.replace("EXAMPLE-EHR", OTHER))
        rig.book.note_sent(message.control)
        line = Line(rig.site.port)
        code = rig.book.note_answer(message.control, line.ask(message.text))
        line.close()
        if (code == b"AA") != self.is_new:
            raise Wrong(f"{OTHER} was answered {code}")
        self.tell("another system let in" if self.is_new else "another system refused")


ROWS = (Reload,)
