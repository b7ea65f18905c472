"""Sends messages with the PyPI package hl7apy: the port is the argument, a message in JSON a line.

The package reads, frames and reads again; it has no client of its own, so a plain socket carries
the frames. Says for each what it reads in the answer: MSA-1, MSA-2 and ERR-3.1, in JSON.
"""

import json
import socket
import sys

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

END = b"\x1c\r"

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as stream:
    for line in sys.stdin:
        message = parse_message(json.loads(line), find_groups=False)
        stream.sendall(message.to_mllp().encode())
        frame = b""
        while not frame.endswith(END):
            chunk = stream.recv(4096)
            if not chunk:
                sys.exit("the gateway closed without an answer")
            frame += chunk
        text = frame[1 : -len(END)].decode()
        # Strict: the answer has to have the structure that its version gives an ACK.
        answer = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT)
        answer.validate()
        error = answer.err[0].err_3.cwe_1.to_er7() if answer.err else ""
        print(json.dumps([answer.msa.msa_1.to_er7(), answer.msa.msa_2.to_er7(), error]))
