"""Sends messages with the PyPI package hl7: the port is the argument, one message in JSON a line.

Says for each what its parser reads in the answer: MSA-1, MSA-2 and ERR-3.1, in JSON.
"""

import json
import sys

import hl7
from hl7.client import MLLPClient

with MLLPClient("127.0.0.1", int(sys.argv[1])) as client:
    client.socket.settimeout(60)
    for line in sys.stdin:
        frame = client.send_message(hl7.parse(json.loads(line)))
        answer = hl7.parse(frame.decode().strip("\x0b\x1c\r"))
        has_error = any(str(segment[0]) == "ERR" for segment in answer)
        error = str(answer["ERR.F3.R1.C1"]) if has_error else ""
        print(json.dumps([str(answer["MSA.F1"]), str(answer["MSA.F2"]), error]))
