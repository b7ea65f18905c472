"""An MLLP sender that keeps books: what it sent, what was acknowledged and with which code. What
was not acknowledged it sends again under the same control id, as an EHR does.
"""

import collections
import re
import socket
import threading
import time

from feed import END, frame

ACKNOWLEDGEMENT = re.compile(rb"\rMSA\|(\w\w)(?:\|([^|\r\x1c]*))?")
POSITIVE, ERROR, REJECT = (b"AA", b"CA"), (b"AE", b"CE"), (b"AR", b"CR")
BETWEEN_TRIES = 0.03


class Book:
    """What a sender knows."""

    def __init__(self):
        # When each message was sent first, and when it was acknowledged first.
        self.sent, self.acknowledged = {}, {}
        self.refused = set()
        # Messages whose content was not what the feed makes.
        self.crafted = set()
        self.counts = collections.Counter()
        # Acknowledgements that name another message than the one they answer.
        self.foreign = []

    def note_sent(self, control):
        self.sent.setdefault(control, time.monotonic())
        self.counts["transmissions"] += 1

    def note_answer(self, control, answer):
        """The code that a message was answered with; None when the answer is another's."""
        found = ACKNOWLEDGEMENT.search(answer)
        about = found and (found[2] or b"").decode(errors="replace")
        if about != control:
            self.foreign.append((control, about))
            return None
        code = found[1]
        if code in POSITIVE:
            self.acknowledged.setdefault(control, time.monotonic())
            self.counts["positive"] += 1
        elif code in REJECT:
            self.refused.add(control)
            self.counts["rejected"] += 1
        else:
            self.counts["errors"] += 1
        return code


class Line:
    """One MLLP connection."""

    def __init__(self, port, timeout=5, context=None):
        self.stream = socket.create_connection(("127.0.0.1", port), timeout)
        self.stream.settimeout(timeout)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.stream = context.wrap_socket(self.stream, server_hostname="localhost")
        self.buffer = b""

    def write(self, data):
        self.stream.sendall(data)

    def answer(self):
        while END not in self.buffer:
            chunk = self.stream.recv(65536)
            if not chunk:
                raise ConnectionError("closed")
            self.buffer += chunk
        answer, _, self.buffer = self.buffer.partition(END)
        return answer

    def ask(self, text):
        """Sends one message and waits for its acknowledgement."""
        self.write(frame(text))
        return self.answer()

    def close(self):
        self.stream.close()


class Sending:
    """Messages on their way over several connections; each patient's over one, in order."""

    def __init__(self, port, book, messages, connections=4, window=1, rate=None, timeout=5,
                 context=None):
        self.port, self.book, self.timeout, self.context = port, book, timeout, context
        self.stopped = threading.Event()
        begun = time.monotonic()
        due = {id(one): begun + k / rate for k, one in enumerate(messages)} if rate else {}
        self.threads = []
        for number in range(connections):
            mine = [one for one in messages if one.patient % connections == number]
            worker = threading.Thread(target=self._work, args=(mine, window, due), daemon=True)
            self.threads.append(worker)
            worker.start()

    def _work(self, messages, window, due):
        line, open_ones = None, []
        messages = collections.deque(messages)
        while (open_ones or messages) and not self.stopped.is_set():
            # No two of one patient, so that a negative answer to the first overtakes nothing.
            patients = {one.patient for one in open_ones}
            while len(open_ones) < window and messages and messages[0].patient not in patients:
                patients.add(messages[0].patient)
                open_ones.append(messages.popleft())
            wait = due.get(id(open_ones[0]), 0) - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            try:
                line = line or Line(self.port, self.timeout, self.context)
                for one in open_ones:
                    self.book.note_sent(one.control)
                line.write(b"".join(frame(one.text) for one in open_ones))
                codes = []
                for one in open_ones:
                    codes.append((one, self.book.note_answer(one.control, line.answer())))
                    if codes[-1][1] in (None, *ERROR):
                        continue
                    open_ones = [other for other in open_ones if other is not one]
                if open_ones:
                    time.sleep(BETWEEN_TRIES)
            except OSError:
                self.book.counts["cut"] += 1
                if line:
                    line.close()
                line = None
                self.stopped.wait(BETWEEN_TRIES)
        if line:
            line.close()

    def is_done(self):
        return not any(thread.is_alive() for thread in self.threads)

    def join(self, seconds):
        """Waits for the answers to all; False when they did not come in time."""
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0, until - time.monotonic()))
        return self.is_done()

    def stop(self):
        self.stopped.set()
