"""Row 19: messages that abuse the delimiters and the character set. Each is answered or its line
is closed, what is accepted has an outcome, and the gateway goes on.
"""

import time

from feed import BODY, CONTROL_ID, HEADER, Message, control_id
from rig import Wrong
from row import Row
from sender import POSITIVE, REJECT, Line

SEPARATORS = b"|^~\\&"
# Other bytes may stand where the control id is.
MAY_CHANGE_THE_ID = ("a byte changed", "bytes left out", "bytes without sense",
                     "letters as separators")


def acknowledgement(answer):
    """Code and control id of an answer, which is written with the separators of the message."""
    text = answer.lstrip(b"\x0b")
    for segment in text.split(b"\r"):
        if segment.startswith(b"MSA" + text[3:4]):
            fields = segment.split(text[3:4]) + [b""]
            return fields[1], fields[2].decode(errors="replace")
    return None, ""


def splice(text, old, new):
    """The text with the first `old` replaced; each of them is there."""
    if old not in text:
        raise ValueError(f"{old!r} is not in the message")
    return text.replace(old, new, 1)


def repeated(text, count):
    """A name that repeats so often."""
    return splice(text, b"Zqfam", b"A^B~" * count + b"Zqfam")


def escapes(text, count):
    return splice(text, b"Zqfam", b"\\X41\\\\T\\\\E\\" * count + b"Zqfam")


def other_separators(text, field, encoding):
    """The same message under other separators."""
    return text.translate(bytes.maketrans(SEPARATORS, field + encoding))


def abuses(rnd):
    """Names and what they make of a good message."""
    control = rnd.choice((b"\x00", b"\x01", b"\x7f", b"\x08"))
    return {
        "MSH-2 missing": lambda t: splice(t, b"|^~\\&|", b"||"),
        "MSH-2 cut": lambda t: splice(t, b"|^~\\&|", b"|^~|"),
        "MSH-2 too long": lambda t: splice(t, b"|^~\\&|", b"|^~\\&#$%@|"),
        "MSH-2 equal characters": lambda t: splice(t, b"|^~\\&|", b"|^^^^|"),
        "MSH-2 is the field separator": lambda t: splice(t, b"|^~\\&|", b"|||||"),
        "letters as separators": lambda t: other_separators(t, b"a", b"bcde"),
        "other separators": lambda t: other_separators(t, b"#", b"@!%$"),
        "no field separator": lambda t: splice(t, b"MSH|", b"MSH"),
        "many repetitions": lambda t: repeated(t, 20_000),
        "a million repetitions": lambda t: repeated(t, 1_000_000),
        "many fields": lambda t: splice(t, b"\rEVN", b"|" * 50_000 + b"\rEVN"),
        "many components": lambda t: splice(t, b"Zqfam", b"^" * 50_000 + b"Zqfam"),
        "many segments": lambda t: t + b"NTE|1||x\r" * 20_000,
        "escape chains": lambda t: escapes(t, 5_000),
        "open escape": lambda t: splice(t, b"Zqfam", b"\\X4" + b"Zqfam"),
        "escaped escapes": lambda t: splice(t, b"Zqfam", b"\\" * 9_999 + b"Zqfam"),
        "line ends of Unix": lambda t: t.replace(b"\r", b"\n"),
        "line ends of Windows": lambda t: t.replace(b"\r", b"\r\n"),
        "mixed line ends": lambda t: splice(t, b"\rPID", b"\n\r\nPID"),
        "no line ends": lambda t: t.replace(b"\r", b""),
        "wrong MSH-18": lambda t: splice(t, b"UNICODE UTF-8", b"KLINGON-1"),
        "MSH-18 lies": lambda t: splice(splice(t, b"UNICODE UTF-8", b"ASCII"), b"Zqfam",
                                        b"Zqfam\xc3\xa9"),
        "not UTF-8": lambda t: splice(t, b"Zqfam", b"Zqfam\xff\xfe\x80"),
        "overlong UTF-8": lambda t: splice(t, b"Zqfam", b"Zqfam\xc0\xaf"),
        "control characters": lambda t: splice(t, b"Zqfam", b"Zqfam" + control * 50),
        "byte order mark": lambda t: b"\xef\xbb\xbf" + t,
        "two headers": lambda t: t + t,
        "header last": lambda t: t.split(b"\r", 1)[1] + t.split(b"\r", 1)[0] + b"\r",
        "no header": lambda t: t.split(b"\r", 1)[1],
        "header alone": lambda t: t.split(b"\r", 1)[0] + b"\r",
        "empty frame": lambda t: b"",
        "one byte": lambda t: b"M",
        "bytes without sense": lambda t: rnd.randbytes(2_000).translate(
            None, b"\x0b\x1c"),
        "a byte changed": lambda t: changed(t, rnd),
        "bytes left out": lambda t: left_out(t, rnd),
    }


def place_in(text, rnd, length):
    """Where so many bytes can be changed that leave the control id and the separators around it:
    by it the records are counted."""
    control = CONTROL_ID.search(text)
    while True:
        place = rnd.randrange(len(text) - length)
        if place + length < control.start() or place > control.end():
            return place


def changed(text, rnd):
    place = place_in(text, rnd, 1)
    return text[:place] + bytes((rnd.choice(b"|^~\\&\rAz09 \x00\xff"),)) + text[place + 1:]


def left_out(text, rnd):
    length = rnd.randrange(1, 40)
    place = place_in(text, rnd, length)
    return text[:place] + text[place + length:]


class Delimiters(Row):
    """Crafted messages between good ones. One that is accepted is delivered or parked."""

    number, name = 19, "delimiter abuse"
    fault = "separators, escapes, line ends and character sets that are wrong"
    rounds_a_rig = 10
    # Patients of the crafted messages; no byte makes one of the good ones of them.
    crafted_from = 99_000

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.accepted = 0
        rig.start()

    def play(self, rig, rnd):
        kinds = abuses(rnd)
        names = list(kinds)
        good = rig.feed.take(20, rnd)
        answered = 0
        line = Line(rig.site.port, 10)
        sequence = self.age
        for number, name in enumerate(names):
            patient = self.crafted_from + number
            one = Message(control_id(patient, sequence), patient, (HEADER.format(
                control=control_id(patient, sequence)) + BODY.format(
                    patient=patient, street=12)).encode())
            try:
                answer = line.ask(kinds[name](one.text))
            except TimeoutError as error:
                raise Wrong(f"{name}: neither an answer nor an end in 10 s") from error
            except OSError:
                answer = b""
                line.close()
                line = Line(rig.site.port, 10)
            answered += self.judge(rig, name, one, answer)
        line.close()
        self.tell_times(rig, rnd, sequence)
        rig.send_all(good)
        rig.all_delivered()
        self.outcomes(rig)
        if rig.died():
            raise Wrong("it ended")
        return answered > 0

    def judge(self, rig, name, one, answer):
        code, about = acknowledgement(answer)
        if answer and not code:
            raise Wrong(f"{name}: answered without MSA")
        if not code:
            self.tell("closed")
            return 0
        if about not in ("", one.control) and name not in MAY_CHANGE_THE_ID:
            raise Wrong(f"{name}: the answer to {one.control} names {about}")
        if code in POSITIVE:
            self.tell("accepted")
            self.told.setdefault("accepted were", [])
            if name not in self.told["accepted were"]:
                self.told["accepted were"].append(name)
            rig.accepted += 1
            rig.book.sent.setdefault(about, 0)
            rig.book.crafted.update((about, one.control))
        elif code in REJECT:
            self.tell("refused with AR")
        else:
            raise Wrong(f"{name}: answered {code}, which asks to send it again")
        return 1

    def tell_times(self, rig, rnd, sequence):
        """Ten times the length should take about ten times as long; told, not judged."""
        for name, make in (("repetitions", repeated), ("escapes", escapes)):
            times = []
            for number, count in enumerate((4_000, 40_000)):
                patient = self.crafted_from + 60 + number + 10 * (make is escapes)
                text = make((HEADER.format(control=control_id(patient, sequence)) + BODY.format(
                    patient=patient, street=12)).encode(), count)
                line = Line(rig.site.port, 30)
                begun = time.monotonic()
                answer = line.ask(text)
                times.append(time.monotonic() - begun)
                line.close()
                self.judge(rig, f"many {name}", Message(control_id(patient, sequence), patient,
                                                        text), answer)
            ratio = round(times[1] / max(times[0], 1e-4), 1)
            self.tell_most(f"time of 10 x the {name}, at most", ratio)

    @staticmethod
    def outcomes(rig):
        """Every message that was accepted has an outcome."""
        status = rig.settled()
        parked = [row["count"] for row in status["outcomes"] if row["kind"] == "parked"]
        rig.parked_due = min(50, sum(parked) + sum(
            row["count"] for row in status["deliveries"] if row["state"] == "parked"))
        due = rig.accepted + len(rig.book.acknowledged)
        if status["intakes"] > due or status["open"]:
            raise Wrong(f"{due} accepted, {status['intakes']} stored, {status['open']} open")
        outcomes = sum(row["count"] for row in status["outcomes"])
        if outcomes != status["intakes"]:
            raise Wrong(f"{status['intakes']} stored, {outcomes} have an outcome")


ROWS = (Delimiters,)
