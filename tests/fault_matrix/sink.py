#!/usr/bin/env python3
"""A recipient of webhooks as a process: notes every request in its ledger before it answers, and
fails in the ways that it is told on standard input, one JSON object a line (class Manner).

usage: sink.py LEDGER [PEM]     prints its port; with a certificate and its key, it speaks TLS

A line of the ledger: taken or not, control id, webhook-id, a digest of the body, the patient whose
address the record holds, the status, the time, and which of the texts that it was told to look for
are in the body, a 1 or a 0 each.
"""

import asyncio
import hashlib
import json
import os
import random
import re
import ssl
import sys
import time

CONTROL_ID = re.compile(rb"P\d{5}S\d{7}")
ADDRESS = re.compile(rb"zqmail(\d{5})@")
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
ID = re.compile(rb"(?i)\r\nwebhook-id: *([^\r]+)")


class Manner:
    """How the recipient behaves; all shares are between 0 and 1."""

    def __init__(self):
        self.fail = 0.0         # answered 503 without being taken
        self.lose = 0.0         # taken, and the connection is cut before the answer
        self.refuse = []        # patients whose records are answered 422
        self.wait = 0.0         # seconds before every answer
        self.late = 0.0         # answered after `late_by` seconds, taken
        self.late_by = 0.0
        self.rate = 0.0         # answers a second at most
        self.seed = 0
        self.marks = []         # texts to look for in bodies
        self.certificate = ""   # the file from now on; every connection ends

    def change(self, text):
        for name, value in json.loads(text).items():
            if name not in self.__dict__:
                raise SystemExit(f"sink: no such manner: {name}")
            setattr(self, name, value)


class Sink:
    def __init__(self, ledger, certificate=None):
        self.context, self.open = None, set()
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate)
        self.ledger = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.manner = Manner()
        self.random = random.Random(0)
        self.next_answer = 0.0

    def note(self, taken, head, body, status):
        control, address, name = CONTROL_ID.search(body), ADDRESS.search(body), ID.search(head)
        digest = hashlib.sha256(body).hexdigest()[:16]
        marks = "".join(str(int(one.encode() in body)) for one in self.manner.marks) or "-"
        words = ("D" if taken else "N", control[0].decode() if control else "-",
                 name[1].decode() if name else "-", digest,
                 address[1].decode() if address else "-", str(status), f"{time.monotonic():.6f}",
                 marks)
        os.write(self.ledger, (" ".join(words) + "\n").encode())

    async def serve(self, reader, writer):
        self.open.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(LENGTH.search(head)[1]))
                if not await self.answer(head, body, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def answer(self, head, body, writer):
        """Answers one request; False when the connection ends."""
        manner, drawn = self.manner, self.random.random()
        control = CONTROL_ID.search(body)
        if manner.rate:
            now = time.monotonic()
            self.next_answer = max(now, self.next_answer) + 1 / manner.rate
            await asyncio.sleep(self.next_answer - now)
        if control and int(control[0][1:6]) in manner.refuse:
            status = 422
        elif drawn < manner.fail:
            status = 503
        else:
            status = 200
        self.note(status == 200, head, body, status)
        if status == 200 and manner.fail <= drawn < manner.fail + manner.lose:
            return False
        wait = manner.wait
        if manner.late and self.random.random() < manner.late:
            wait += manner.late_by
        if wait:
            await asyncio.sleep(wait)
        writer.write(b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n" % status)
        await writer.drain()
        return True

    def told(self):
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        self.manner.change(line)
        self.random = random.Random(self.manner.seed)
        if self.manner.certificate:
            self.context.load_cert_chain(self.manner.certificate)
            self.manner.certificate = ""
            for writer in self.open:
                writer.transport.abort()
        print("ok", flush=True)


async def main():
    sink = Sink(*sys.argv[1:])
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 20, backlog=256,
                                        ssl=sink.context)
    asyncio.get_running_loop().add_reader(0, sink.told)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
