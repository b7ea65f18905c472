"""Row 10: a sender that numbers its messages in MSH-13. A gap is never acknowledged, a number is
used once, and the numbers outlive a kill.
"""

import collections
import re
import threading

from feed import HEADER, Message, frame
from rig import Wrong, wait_for
from row import Row
from sender import Line

NUMBERED = HEADER.replace("|2.5.1||", "|2.5.1|{number}|", 1)
Answer = collections.namedtuple("Answer", "code expected place error segment")


def read(answer):
    """MSA-1, MSA-4, ERR-2, ERR-3.1 and the whole of MSA."""
    segments = {text[:3]: text.split(b"|") + [b""] * 5 for text in answer.split(b"\r")}
    msa, err = segments.get(b"MSA", [b""] * 5), segments.get(b"ERR", [b""] * 5)
    return Answer(msa[1].decode(), msa[4].decode(), err[2].decode(),
                  err[3].split(b"^")[0].decode(), b"|".join(msa))


def numbered(message, number):
    """The same message with this in MSH-13."""
    text = re.sub(rb"\|2\.5\.1\|[^|]*\|", b"|2.5.1|%s|" % str(number).encode(), message.text)
    return Message(message.control, message.patient, text)


class Sequence(Row):
    """Numbered messages with gaps, repeats, orders and nonsense among them, and a kill in their
    midst. The row knows which number is expected, and the gateway has to agree."""

    number, name = 10, "sequence numbers"
    fault = "gaps, repeats, 0, -1 and nonsense in MSH-13, two at once, and a kill"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.site.edit("isthmus.toml",
                      ('id = "example-ehr"', 'id = "example-ehr"\nsequence_numbers = true'))
        # What is expected next; None for whatever comes. And how many are stored.
        self.expected, self.stored, self.asked = None, 0, 0
        self.last = None
        rig.start()
        self.line = Line(rig.site.port)

    def play(self, rig, rnd):
        self.naks = 0
        self.line.close()
        self.line = Line(rig.site.port)
        self.order(0)
        harms = [self.gap, self.other_content, self.repeat, self.empty, self.nonsense,
                 self.at_once, self.pipelined, self.order_with_content]
        harms = harms + rnd.sample(harms, 3)
        rnd.shuffle(harms)
        if rnd.random() < 0.5:
            harms.insert(rnd.randrange(len(harms)), self.start_anew)
        if rnd.random() < 0.6:
            harms.insert(rnd.randrange(len(harms)), self.kill)
        for harm in harms:
            for one in rig.feed.take(rnd.randrange(1, 6), rnd):
                self.next(rig, one, rnd)
            harm(rig, rnd)
            self.tell(harm.__name__.replace("_", " "))
        self.order(0)
        rig.all_delivered()
        status = rig.settled()
        if status["intakes"] != self.stored:
            raise Wrong(f"{status['intakes']} stored, {self.stored} were acknowledged")
        return self.naks > 0

    def close_more(self):
        self.line.close()

    def ask(self, rig, message, line=None):
        """Sends one message; keeps the books."""
        rig.book.note_sent(message.control)
        answer = (line or self.line).ask(message.text)
        if rig.book.note_answer(message.control, answer) is None:
            raise Wrong(f"an acknowledgement of another message: {answer[:200]}")
        return read(answer)

    def must(self, answer, *due):
        """The answer begins with what is due: code, MSA-4, ERR-2, ERR-3."""
        if answer[:len(due)] != tuple(map(str, due)):
            raise Wrong(f"answered {answer}, and {due} is due")
        if answer.code == "AE" and answer.expected:
            self.naks += 1
            self.tell("AE with the expected number")

    def next(self, rig, message, rnd):
        """Sends a message under the number that is expected."""
        if self.expected is None:
            self.expected = rnd.randrange(1, 1 << 40)
        message = numbered(message, self.expected)
        self.must(self.ask(rig, message), "AA", self.expected)
        self.took(message)

    def took(self, message):
        self.last = message
        self.expected += 1
        self.stored += 1

    def not_taken(self, rig, message, number):
        """Sends what must not be stored, and never comes again under this control id."""
        rig.not_due.add(message.control)
        return self.ask(rig, numbered(message, number))

    def order(self, number):
        """Asks with 0, or gives -1; no content is with it."""
        self.asked += 1
        control = f"ASK{self.asked:07}"
        text = NUMBERED.format(control=control, number=number).encode()
        expected = -1 if self.expected is None or number == -1 else self.expected
        self.must(read(self.line.ask(text)), "AA", expected)

    def gap(self, rig, rnd):
        """A number is left out; the message comes again under its own."""
        message = rig.feed.one(rnd.choice(rig.feed.patients))
        answer = self.ask(rig, numbered(message, self.expected + rnd.randrange(1, 50)))
        self.must(answer, "AE", self.expected, "MSH^1^13")
        self.next(rig, message, rnd)

    def other_content(self, rig, rnd):
        """A used number with another message."""
        message = rig.feed.one(rnd.choice(rig.feed.patients))
        answer = self.not_taken(rig, message, self.expected - 1)
        self.must(answer, "AE", self.expected, "MSH^1^13")

    def repeat(self, rig, rnd):
        """The same bytes again, on this line or another."""
        line = Line(rig.site.port) if rnd.random() < 0.5 else None
        answer = self.ask(rig, self.last, line)
        self.must(answer, "AA", self.expected - 1)
        if line:
            line.close()

    def empty(self, rig, rnd):
        message = rig.feed.one(rnd.choice(rig.feed.patients))
        answer = self.not_taken(rig, message, "")
        self.must(answer, "AE")
        if answer.error != "101" or answer.place != "MSH^1^13":
            raise Wrong(f"an empty number was answered {answer}")

    def nonsense(self, rig, rnd):
        message = rig.feed.one(rnd.choice(rig.feed.patients))
        number = rnd.choice(("x", "1.5", "-2", "12a", "1" * 16, "+-1"))
        answer = self.not_taken(rig, message, number)
        self.must(answer, "AR")
        if answer.error != "102" or answer.place != "MSH^1^13":
            raise Wrong(f"the number {number} was answered {answer}")

    def order_with_content(self, rig, rnd):
        message = rig.feed.one(rnd.choice(rig.feed.patients))
        answer = self.not_taken(rig, message, rnd.choice((0, -1)))
        self.must(answer, "AR")

    def start_anew(self, rig, rnd):
        """-1: the next number counts, whatever it is."""
        self.order(-1)
        self.expected = None
        self.order(0)
        self.next(rig, rig.feed.one(rnd.choice(rig.feed.patients)), rnd)

    def at_once(self, rig, rnd):
        """Two connections take one number: one of them has it, the other hears the next."""
        both = [rig.feed.one(one) for one in rnd.sample(rig.feed.patients, 2)]
        lines, answers = [Line(rig.site.port), Line(rig.site.port)], {}

        def take(number):
            message = numbered(both[number], self.expected)
            answers[number] = self.ask(rig, message, lines[number])
        workers = [threading.Thread(target=take, args=(one,)) for one in (0, 1)]
        for one in workers:
            one.start()
        for one in workers:
            one.join()
        for one in lines:
            one.close()
        winners = [one for one in (0, 1) if one in answers and answers[one].code == "AA"]
        if len(winners) != 1 or len(answers) != 2:
            raise Wrong(f"two took one number: {answers}")
        won = winners[0]
        self.must(answers[won], "AA", self.expected)
        self.took(numbered(both[won], self.expected))
        self.must(answers[1 - won], "AE", self.expected, "MSH^1^13")
        self.next(rig, both[1 - won], rnd)

    def pipelined(self, rig, rnd):
        """A number is missing among several under way: nothing behind the gap is acknowledged."""
        messages = [rig.feed.one(one) for one in rnd.sample(rig.feed.patients, 5)]
        first = self.expected
        offsets = (0, 1, 3, 4, 2)
        sent = [numbered(one, first + offset) for one, offset in zip(messages, offsets)]
        for one in sent:
            rig.book.note_sent(one.control)
        self.line.write(b"".join(frame(one.text) for one in sent))
        due = (("AA", first), ("AA", first + 1), ("AE", first + 2), ("AE", first + 2),
               ("AA", first + 2))
        for one, expected in zip(sent, due):
            answer = self.line.answer()
            rig.book.note_answer(one.control, answer)
            self.must(read(answer), *expected)
            if expected[0] == "AA":
                self.took(one)
        for one in messages[2:4]:
            self.next(rig, one, rnd)

    def kill(self, rig, rnd):
        """SIGKILL in the midst of a numbered stream; 0 tells afterwards where it goes on."""
        messages = rig.feed.take(rnd.randrange(60, 120), rnd)
        first, window = self.expected, rnd.choice((1, 4, 8))
        messages = [numbered(one, first + at) for at, one in enumerate(messages)]
        acknowledged = []
        sender = threading.Thread(target=self.stream, args=(rig, messages, window, acknowledged))
        sender.start()
        at = rnd.randrange(1, 50)
        wait_for("the stream", lambda: len(acknowledged) >= at or not sender.is_alive())
        rig.kill()
        sender.join(20)
        self.line.close()
        rig.start()
        self.line = Line(rig.site.port)
        control = f"ASK{self.asked:07}"
        answer = read(self.line.ask(NUMBERED.format(control=control, number=0).encode()))
        self.must(answer, "AA")
        resume = int(answer.expected)
        if not first + len(acknowledged) <= resume <= first + len(messages):
            raise Wrong(f"{len(acknowledged)} from {first} on were acknowledged, and after the "
                        f"kill {resume} is expected")
        self.tell("stored and not acknowledged at a kill", resume - first - len(acknowledged))
        # What is before the expected number is said to be stored, so it has to arrive.
        for one in messages[:resume - first]:
            rig.book.acknowledged.setdefault(one.control, 0)
            self.took(one)
        self.tell("killed with numbers open", int(resume < first + len(messages)))
        for one in messages[resume - first:]:
            self.next(rig, one, rnd)

    def stream(self, rig, messages, window, acknowledged):
        """Sends with so many under way, until the line breaks."""
        try:
            for at in range(0, len(messages), window):
                some = messages[at:at + window]
                for one in some:
                    rig.book.note_sent(one.control)
                self.line.write(b"".join(frame(one.text) for one in some))
                for one in some:
                    answer = self.line.answer()
                    rig.book.note_answer(one.control, answer)
                    if read(answer).code == "AA":
                        acknowledged.append(one.control)
        except OSError:
            pass


ROWS = (Sequence,)
