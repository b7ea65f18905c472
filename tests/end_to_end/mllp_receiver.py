"""A receiver of HL7 v2 messages for the tests, by the asyncio server of the PyPI package hl7.

    mllp_receiver.py PARAMETERS    a JSON object: certificate and key of the receiver, and ca, by
                                   which it knows whoever connects

Speaks TLS alone and asks for a certificate. Says its port as `{"port": ..}`, then of each message
one line of JSON: the message, its connection, and the answer. A patient called `..Reject..` is
answered AR, one called `..Once..` AE the first time, everybody else AA. Ends with its standard
input.
"""

import asyncio
import json
import ssl
import sys

import hl7
from hl7.mllp import start_hl7_server


def say(thing):
    sys.stdout.write(json.dumps(thing) + "\n")
    sys.stdout.flush()


class Receiver:
    def __init__(self):
        self.connections = 0
        self.seen = set()

    def answer(self, message):
        family = str(message.segment("PID")(5))
        control_id = str(message.segment("MSH")(10))
        is_new = control_id not in self.seen
        self.seen.add(control_id)
        if "Reject" in family:
            return "AR"
        return "AE" if "Once" in family and is_new else "AA"

    async def serve(self, reader, writer):
        self.connections += 1
        connection = self.connections
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                code = self.answer(message)
                say({"connection": connection, "message": str(message), "answer": code})
                writer.writemessage(message.create_ack(code))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main(given):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given["certificate"], given["key"])
    context.load_verify_locations(given["ca"])
    context.verify_mode = ssl.CERT_REQUIRED
    server = await start_hl7_server(
        Receiver().serve, "127.0.0.1", 0, ssl=context, encoding="utf-8", limit=1 << 22
    )
    say({"port": server.sockets[0].getsockname()[1], "hl7": hl7.__version__})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
