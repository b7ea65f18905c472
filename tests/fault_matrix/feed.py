"""The messages of the fault matrix. What must never leave the store in the clear is marked: every
name, number and address of a patient holds a token that occurs nowhere else (canaries.py).
"""

import collections
import re

CONTROL_ID = re.compile(rb"P(\d{5})S(\d{7})")
START, END = b"\x0b", b"\x1c\r"

HEADER = ("MSH|^~\\&|EXAMPLE-EHR|EXAMPLE-CLINIC|ISTHMUS|GATEWAY|20260310081500-0400||"
          "ADT^A08^ADT_A01|{control}|P|2.5.1|||||USA|UNICODE UTF-8\r")
BODY = (
    "EVN|A08|20260310081400-0400\r"
    "PID|1||ZQMRN{patient:05}^^^EXAMPLE MRN^MR||Zqfam{patient:05}^Zqgiv{patient:05}^^^^^L||19840617"
    "|F|||{street} Zqstreet{patient:05}^^Springfield^IL^62704^USA^H||^PRN^PH^^1^217^739{patient:04}"
    "~^NET^Internet^zqmail{patient:05}@example.org\r")

Message = collections.namedtuple("Message", "control patient text")


def control_id(patient, sequence):
    return f"P{patient:05}S{sequence:07}"


def text_of(patient, sequence, street=12, header=HEADER, body=BODY):
    """A message without its frame."""
    head = header.format(control=control_id(patient, sequence))
    return (head + body.format(patient=patient, street=street)).encode()


def frame(text):
    return START + text + END


class Feed:
    """Messages about a number of patients; each patient's are numbered one after the other."""

    def __init__(self, patients):
        self.patients = range(1, patients + 1)
        self.sequences = collections.Counter()

    def one(self, patient, **changes):
        self.sequences[patient] += 1
        sequence = self.sequences[patient]
        text = text_of(patient, sequence, **changes)
        return Message(control_id(patient, sequence), patient, text)

    def take(self, count, rnd, among=None):
        """`count` new messages of drawn patients."""
        among = among or self.patients
        return [self.one(rnd.choice(among)) for _ in range(count)]
