"""Holds what was sent against what arrived: nothing acknowledged may be missing, nothing may come
that was not sent, no patient's records may overtake each other, no record may come under two ids.
"""

import collections
import pathlib

# What must be 0 in any round of any row.
MUST_BE_ZERO = ("lost", "ghosts", "disorder", "two_ids", "changed", "foreign")

Arrival = collections.namedtuple("Arrival", "taken control id digest patient status time marks")


class Arrivals:
    """The ledger of a recipient, read as it grows."""

    def __init__(self, file):
        self.file, self.offset = pathlib.Path(file), 0
        self.all = []
        # When each record was taken first.
        self.taken = {}

    def read(self):
        if self.file.exists():
            with open(self.file, "rb") as file:
                file.seek(self.offset)
                text = file.read()
            whole = text[:text.rfind(b"\n") + 1]
            self.offset += len(whole)
            for line in whole.decode().splitlines():
                taken, control, name, digest, patient, status, time, marks = line.split()
                one = Arrival(taken == "D", control, name, digest, patient, int(status),
                              float(time), marks)
                self.all.append(one)
                if one.taken:
                    self.taken.setdefault(control, one.time)
        return self


def count(book, arrivals, not_due=(), twins=()):
    """The counts of one recipient; `not_due` are acknowledged messages whose records must not
    have arrived, for they or what is before them was refused. Under the control ids in `twins` two
    messages of different content were sent: two records have to come."""
    taken = [one for one in arrivals.all if one.taken]
    seen, ids, digests = collections.Counter(), collections.defaultdict(set), {}
    order = collections.defaultdict(list)
    changed = foreign = 0
    for one in taken:
        if not seen[one.control]:
            order[one.control[:6]].append(one.control)
        seen[one.control] += 1
        ids[one.control].add(one.id)
        changed += digests.setdefault(one.id, one.digest) != one.digest
        foreign += one.patient != one.control[1:6] and one.control not in book.crafted
    due = set(book.acknowledged) - set(not_due)
    return {
        "sent": len(book.sent),
        "acknowledged": len(book.acknowledged),
        "refused": len(book.refused),
        "delivered": len(seen),
        "lost": len(due - set(seen)) + sum(len(ids[one]) < 2 for one in twins),
        "ghosts": len(set(seen) - set(book.sent)) + len(set(seen) & set(not_due)),
        "disorder": sum(later < earlier for controls in order.values()
                        for earlier, later in zip(controls, controls[1:])),
        "two_ids": sum(len(names) > 1 + (one in twins) for one, names in ids.items()),
        "changed": changed,
        "foreign": foreign + len(book.foreign),
        "repeats": sum(seen.values()) - sum(map(len, ids.values())),
    }
