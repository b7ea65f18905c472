"""Rows on the wire between sender and gateway: cut at every byte, half open, reset (7), messages
that come again (8), slow and idle peers (15), frames that never end (16).
"""

import concurrent.futures
import ssl
import time

from feed import START, frame
from receiving import delays, quantile
from rig import Wrong, wait_for
from row import Row
from sender import ACKNOWLEDGEMENT, POSITIVE, Line
from tcp_proxy import Plan, Proxy

TOGETHER = 16


def stored(rig):
    return rig.site.json("status")["intakes"]


def try_to_send(port, text, timeout=3):
    """Sends one message over a line that may break; the answer, when one came."""
    try:
        line = Line(port, timeout)
        try:
            return line.ask(text)
        finally:
            line.close()
    except OSError:
        return None


class Cut(Row):
    """A line is cut behind every byte of a frame, stands still, or is reset before the answer. What
    did not come whole never enters; what is sent again is taken once."""

    number, name = 7, "cut, half open, reset"
    fault = "the line ends behind each byte, stalls, or is reset before the answer"
    rounds_a_rig = 10
    proxy = None

    def open(self, folder):
        rig = self.make_rig(folder, bounds="chunk_seconds_max = 1", patients=60)
        rig.start()

    def close_more(self):
        if self.proxy:
            self.proxy.close()
            self.proxy = None

    def through(self, rig, plans, messages):
        """Sends each message on a connection of its own; which connection gets which plan is as
        they come, and the frames are equally long."""
        self.close_more()
        self.proxy = Proxy(rig.site.port, lambda number: plans[number])
        for one in messages:
            rig.book.note_sent(one.control)
        with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
            answers = list(pool.map(lambda one: try_to_send(self.proxy.port, one.text), messages))
        for one, answer in zip(messages, answers):
            if answer:
                rig.book.note_answer(one.control, answer)
        return answers, self.proxy.done

    def play(self, rig, rnd):
        before = stored(rig)
        # Those that are reset before the answer enter as they come, so each is of another patient.
        first, others = rig.feed.patients[:30], rig.feed.patients[30:]
        # The end block ends a message; the carriage return behind it is not waited for.
        length = len(frame(rig.feed.one(others[0]).text)) - 1
        cuts = rig.feed.take(length, rnd, others)
        stalls = rig.feed.take(TOGETHER, rnd, others)
        plans = [Plan(cut_up_after=offset) for offset in range(length)]
        answers, done = self.through(rig, plans, cuts)
        if any(answers) or done.get("cut") != length:
            raise Wrong(f"{done} of {length} cuts, {len([one for one in answers if one])} answers")
        plans = [Plan(stall_up_after=rnd.randrange(1, length)) for _ in stalls]
        answers, done = self.through(rig, plans, stalls)
        if any(answers) or done.get("stalled") != TOGETHER:
            raise Wrong(f"{done} of {TOGETHER} stalls, answers {answers}")
        entered = stored(rig) - before
        if entered:
            raise Wrong(f"{entered} messages entered that did not come whole")
        resets = [rig.feed.one(patient) for patient in first]
        answers, done = self.through(rig, [Plan(reset_on_answer=True)] * 30, resets)
        if any(answers) or done.get("reset") != 30:
            raise Wrong(f"{done} of 30 resets, answers {answers}")
        self.tell("cuts", length)
        self.tell("stalls", TOGETHER)
        self.tell("resets before the answer", 30)
        again = cuts[:60] + stalls + resets
        rig.send_all(again, connections=8)
        rig.all_delivered()
        return True


class Duplicates(Row):
    """Messages come again: the same ones have one effect and the same answer; other content under a
    used control id is accepted, delivered, and said in the log."""

    number, name = 8, "duplicates"
    fault = "5 % sent again, 2 % under a used control id with other content"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.start()

    def play(self, rig, rnd):
        messages = rig.feed.take(120, rnd)
        again = rnd.sample(messages, 6)
        other = rnd.sample(messages, 2)
        rig.send_all(messages)
        before = stored(rig)
        rig.send_all(again, connections=1)
        if stored(rig) != before:
            raise Wrong("a message that came again was stored again")
        for one in other:
            twin = one.text.replace(b"12 Zqstreet", b"13 Zqstreet")
            answer = try_to_send(rig.site.port, twin)
            code = answer and rig.book.note_answer(one.control, answer)
            if code not in POSITIVE:
                raise Wrong(f"other content under a used control id was answered {code}")
            rig.twins.add(one.control)
        if stored(rig) != before + len(other):
            raise Wrong("other content under a used control id was not stored")
        rig.all_delivered()
        rig.settled()
        log = (rig.site.folder / "gateway.log").read_text()
        told = log.count("a control id came again with other content")
        if told < len(rig.twins):
            raise Wrong(f"{len(rig.twins)} control ids came again with other content, {told} told")
        self.tell("sent again", len(again))
        self.tell("other content", len(other))
        return True


class Slow(Row):
    """Peers that send a byte now and then, that never finish a handshake, and a thousand that say
    nothing. Those who are served go on; the others lose their places in time."""

    number, name = 15, "slow and idle peers"
    fault = "slow frames, slow TLS handshakes, 1,000 idle connections"
    rounds_a_rig = 5
    idle = 1000
    bounds = "connections_max = 960\nchunk_seconds_max = 1\nhandshake_seconds_max = 1"

    def open(self, folder):
        rig = self.make_rig(folder, bounds=self.bounds, tls=True)
        rig.start()

    def play(self, rig, rnd):
        usual = rig.feed.take(40, rnd)
        rig.send_all(usual)
        lines = [Line(rig.site.port, 10) for _ in range(4)]
        crowd, slow, shaking = [], [], []
        try:
            for _ in range(20):
                slow.append(Line(rig.site.port))
                slow[-1].write(START + b"MSH|^~\\&|EXAM")
                shaking.append(Line(rig.site.tls_port()))
                shaking[-1].write(b"\x16\x03\x01\x02\x00\x01"[:rnd.randrange(1, 7)])
            begun = time.monotonic()
            for _ in range(self.idle):
                crowd.append(Line(rig.site.port))
            messages = rig.feed.take(80, rnd)
            self.converse(rig, lines, messages, slow)
            closed = lambda group: sum(is_closed(one) for one in group)
            wait_for("slow frames and handshakes to be closed",
                     lambda: closed(slow) + closed(shaking) == 40, 10, 0.05)
            self.tell_most("longest until the last was closed, s",
                           round(time.monotonic() - begun, 1))
            refused = closed(crowd)
            if refused < self.idle + 24 - 960 - 20:
                raise Wrong(f"{refused} of {self.idle} were closed over the bound of 960")
        finally:
            for one in (*lines, *slow, *shaking, *crowd):
                one.close()
        self.tell("idle connections", self.idle)
        self.tell("closed over the bound", refused)
        rig.all_delivered()
        ratio = quantile(delays(rig, messages, rig.crm), 0.5)
        ratio /= max(quantile(delays(rig, usual, rig.crm), 0.5), 1e-4)
        self.tell_most("most of the median's ratio", round(ratio, 1))
        # The places are free again, on both listeners.
        wait_for("a place", lambda: try_to_send(rig.site.port, usual[0].text), 10, 0.05)
        context = ssl.create_default_context(cafile=rig.site.folder / "certificates/ca.pem")
        line = Line(rig.site.tls_port(), 5, context)
        answer = line.ask(usual[0].text)
        line.close()
        if not ACKNOWLEDGEMENT.search(answer):
            raise Wrong("no acknowledgement over TLS")
        return True

    @staticmethod
    def converse(rig, lines, messages, slow):
        """Good messages over lines that were there before the crowd came, and a byte of each slow
        one now and then."""
        for number, one in enumerate(messages):
            rig.book.note_sent(one.control)
            answer = lines[one.patient % len(lines)].ask(one.text)
            if rig.book.note_answer(one.control, answer) not in POSITIVE:
                raise Wrong(f"a good message was answered {answer[-60:]}")
            for peer in slow if number % 20 == 10 else ():
                try:
                    peer.write(b"P")
                except OSError:
                    pass


def is_closed(line):
    """Whether the gateway ended the connection; it sends nothing else here but a refusal."""
    line.stream.setblocking(False)
    try:
        while line.stream.recv(4096):
            pass
        return True
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


class Endless(Row):
    """Frames without an end and frames inside frames: refused at the limit and closed, memory
    stays, others go on."""

    number, name = 16, "oversize and broken frames"
    fault = "streams without end up to 300 MB, no end block, a start block inside"
    rounds_a_rig = 10
    # More than the budget of all frames together has room for.
    streams = 20
    limit = 300 << 20

    def open(self, folder):
        rig = self.make_rig(folder, bounds="chunk_seconds_max = 1")
        rig.start()

    def play(self, rig, rnd):
        before = stored(rig)
        header = rig.feed.one(1).text
        with concurrent.futures.ThreadPoolExecutor(self.streams + 20) as pool:
            endless = [pool.submit(self.stream, rig.site.port, header)
                       for _ in range(self.streams)]
            open_end = [pool.submit(self.broken, rig.site.port, START + header)
                        for _ in range(10)]
            inside = START + header[:rnd.randrange(20, len(header))] + frame(header)
            nested = [pool.submit(self.broken, rig.site.port, inside) for _ in range(10)]
            messages = rig.feed.take(60, rnd)
            rig.send_all(messages)
            for one in endless:
                sent, answer = one.result()
                self.tell("MB taken of endless streams", sent >> 20)
                if sent >= self.limit or sent < 16 << 20:
                    raise Wrong(f"a stream was closed after {sent} bytes")
                self.refused(answer, "an oversize frame", must=False)
            for one in open_end:
                if one.result():
                    raise Wrong(f"a frame without end was answered {one.result()}")
            for one in nested:
                self.refused(one.result(), "a frame inside a frame", must=True)
        rig.all_delivered()
        entered = stored(rig) - before - len(messages)
        if entered:
            raise Wrong(f"{entered} broken frames entered")
        return True

    def refused(self, answer, what, must):
        found = ACKNOWLEDGEMENT.search(answer)
        if found and found[1] not in (b"AR", b"CR"):
            raise Wrong(f"{what} was answered {found[1]}")
        if must and not found:
            raise Wrong(f"{what} was not answered")
        self.tell(f"{what}: refused with AR" if found else f"{what}: closed unanswered")

    def stream(self, port, header):
        """How many bytes the gateway took, and what it said."""
        line, sent, chunk, said = Line(port, 10), 0, b"A" * (1 << 18), b""
        try:
            line.write(START + header)
            while sent < self.limit and not said:
                line.write(chunk)
                sent += len(chunk)
                line.stream.setblocking(False)
                try:
                    said = line.stream.recv(65536)
                except BlockingIOError:
                    pass
                line.stream.settimeout(10)
        except OSError:
            pass
        return sent, said + self.rest(line)

    def broken(self, port, data):
        line = Line(port, 10)
        line.write(data)
        return self.rest(line)

    @staticmethod
    def rest(line):
        """What comes until the gateway closes."""
        text = b""
        try:
            while chunk := line.stream.recv(65536):
                text += chunk
        except OSError:
            pass
        line.close()
        return text


ROWS = (Cut, Duplicates, Slow, Endless)
