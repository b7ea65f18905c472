"""Rows on what the store keeps: a second gateway on it (24), a ledger that was changed (26)."""

import hashlib
import json
import shutil
import sqlite3
import subprocess

from rig import Wrong
from row import Row


class Second(Row):
    """A second gateway on one store says why it does not start, and the first goes on."""

    number, name = 24, "second gateway on a store"
    fault = "a second start, from the same folder or one with other ports"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.start()

    def play(self, rig, rnd):
        folder = rig.site.folder
        if rnd.random() < 0.5:
            folder = self.beside(rig)
        sending = rig.send(rig.feed.take(80, rnd), rate=400)
        command = [rig.site.binary, "run", "--json", "--config", folder]
        second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if second.returncode != 1:
            raise Wrong(f"the second gateway ended with {second.returncode}: {second.stderr}")
        said = second.stdout + second.stderr
        if "another gateway runs on this store" not in said:
            raise Wrong(f"the second gateway does not say why: {said}")
        if '"listening"' in second.stdout:
            raise Wrong("the second gateway listened")
        rig.canaries.look(said.encode(), "the second gateway")
        rig.all_answered(sending)
        rig.all_delivered()
        if rig.died():
            raise Wrong("the first gateway ended")
        # Commands still reach the first.
        rig.site.json("status")
        return True

    @staticmethod
    def beside(rig):
        """Another configuration on other ports, with the same store."""
        folder = rig.folder / "beside"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        text = (rig.site.folder / "isthmus.toml").read_text()
        for name in ("mappings", "store", "keys"):
            text = text.replace(f'"{name}"', f'"{rig.site.folder / name}"')
        text = text.replace("file:secrets/", f"file:{rig.site.folder}/secrets/")
        text = text.replace(f"127.0.0.1:{rig.site.port}", "127.0.0.1:0")
        (folder / "isthmus.toml").write_text(
            text + f'[admin]\nsocket = "{folder}/isthmus.sock"\n')
        return folder


def leaf(line):
    """The hash that is kept beside an entry."""
    return hashlib.sha256(b"\x00" + line.encode()).digest()


class Tampered(Row):
    """Entries of a copied ledger are changed, taken out, swapped, cut off, or changed together with
    their hashes; the command names the first bad one."""

    number, name = 26, "ledger tampered with"
    fault = "an entry edited, dropped, swapped, rewritten with its hash, or the end cut off"
    rounds_a_rig = 10

    def open(self, folder):
        rig = self.make_rig(folder)
        rig.start()

    def play(self, rig, rnd):
        rig.send_all(rig.feed.take(30, rnd))
        rig.all_delivered()
        rig.settled()
        note = rig.folder / "checkpoint"
        rig.site.stop()
        note.write_text(rig.site.json("ledger", "checkpoint")["note"])
        harms = (self.edit, self.drop, self.swap, self.rewrite, self.cut, self.cut_signed)
        for harm in rnd.sample(harms, 3):
            copy = rig.folder / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(rig.site.folder, copy,
                            ignore=shutil.ignore_patterns("mappings", "*.sock", "gateway.*"))
            (copy / "mappings").symlink_to(rig.site.folder / "mappings")
            with sqlite3.connect(copy / "store/isthmus.db") as database:
                places = [row[0] for row in database.execute("SELECT entry FROM ledger")]
                low, high = harm(database, places, rnd)
            database.close()
            self.check(rig, copy, note, harm.__name__, low, high)
        rig.start()
        return True

    def check(self, rig, copy, note, harm, low, high):
        """The finding must begin at `low`, or for changes that only a signature shows, lie between
        the two."""
        against = ("--against", note) if harm == "cut_signed" else ()
        run = rig.site.run("ledger", "verify", *against, folder=copy)
        finding = json.loads(run.stdout)["first_bad"] if run.stdout else None
        if run.returncode != 1 or not finding:
            raise Wrong(f"{harm} of entry {low} was not found: {run.stdout}{run.stderr}")
        first, last = finding["first"], finding["last"]
        exact = high == low
        if (exact and first != low) or not first <= low <= high <= last:
            raise Wrong(f"{harm} of entries {low} to {high}: found {finding}")
        self.tell(f"{harm.replace('_', ' ')}: {finding['fault']}")

    @staticmethod
    def edit(database, places, rnd):
        """Another time in an entry."""
        place = rnd.choice(places)
        line = database.execute("SELECT line FROM ledger WHERE entry = ?", (place,)).fetchone()[0]
        at = rnd.randrange(20, len(line))
        other = "0" if line[at] != "0" else "1"
        database.execute("UPDATE ledger SET line = ? WHERE entry = ?",
                         (line[:at] + other + line[at + 1:], place))
        return place, place

    @staticmethod
    def drop(database, places, rnd):
        place = rnd.choice(places[:-1])
        database.execute("DELETE FROM ledger WHERE entry = ?", (place,))
        return place, place

    @staticmethod
    def swap(database, places, rnd):
        first, second = sorted(rnd.sample(places, 2))
        for old, new in ((first, -1), (second, first), (-1, second)):
            database.execute("UPDATE ledger SET entry = ? WHERE entry = ?", (new, old))
        return first, first

    @staticmethod
    def rewrite(database, places, rnd):
        """An entry and its hash agree, and nobody signed them."""
        place = rnd.choice(places)
        line = database.execute("SELECT line FROM ledger WHERE entry = ?", (place,)).fetchone()[0]
        head, comma, rest = line.partition(",")
        line = head + comma + '"x":1,' + rest
        database.execute("UPDATE ledger SET line = ?, leaf = ? WHERE entry = ?",
                         (line, leaf(line), place))
        # Found at a checkpoint behind it: the entry lies in the stretch that is named.
        return place, place + 0.5

    @staticmethod
    def cut(database, places, rnd):
        """The last entries are gone; a checkpoint still covers them."""
        place = rnd.choice(places[len(places) // 2:])
        database.execute("DELETE FROM ledger WHERE entry >= ?", (place,))
        return place, place

    @staticmethod
    def cut_signed(database, places, rnd):
        """They are gone with their checkpoints: only an exported one tells."""
        place = rnd.choice(places[len(places) // 2:])
        database.execute("DELETE FROM ledger WHERE entry >= ?", (place,))
        database.execute("DELETE FROM checkpoint WHERE size > ?", (place,))
        return place, place


ROWS = (Second, Tampered)
