"""Looks for the tokens of feed.py in what the gateway and its commands wrote."""

import pathlib
import re

# A telephone number alone could be part of any digest, so it counts where it stands alone.
TOKENS = re.compile(
    rb"(?i)zq(?:mrn|fam|giv|street|mail)\d{5}|(?<![0-9a-z])(?:\+?1?217)?739-?\d{4}(?![0-9a-z])")


class Canaries:
    """Counts the leaks in files that grow, and in texts."""

    def __init__(self):
        self.offsets, self.found = {}, []

    def look(self, text, where):
        for match in TOKENS.finditer(text):
            self.found.append(f"{where}: {match[0].decode()}")

    def look_in(self, file):
        file = pathlib.Path(file)
        if not file.exists():
            return
        with open(file, "rb") as opened:
            # A token may lie across the end of what was read before.
            opened.seek(max(0, self.offsets.get(file, 0) - 32))
            text = opened.read()
            self.offsets[file] = opened.tell()
        self.look(text, file.name)
