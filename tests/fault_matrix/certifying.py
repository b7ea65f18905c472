"""Row 12: certificates that have ended, end soon, are foreign, are missing, or are renewed under
load; at the listener, at its senders, and at a recipient.
"""

import json
import shutil
import ssl

from authority import Authority
from keeping import Second
from rig import Wrong, wait_for
from row import Row
from sender import POSITIVE, Line

CONFIG = "isthmus.toml"
# A minute ago, soon, and far away, in days.
ENDED, SOON, GOOD = -1 / 1440, 20, 300


class Certificates(Row):
    """Nobody gets in or is trusted with a certificate that has ended or is foreign, and one is
    renewed without dropping a connection."""

    number, name = 12, "certificates"
    fault = "ended, ending soon, foreign, missing, renewed; at senders, listener and recipient"
    rounds_a_rig = 10
    pki = None

    def open(self, folder):
        self.pki = folder.parent / f"{folder.name}-pki"
        shutil.rmtree(self.pki, ignore_errors=True)
        self.own = Authority(self.pki / "own", "Own Authority")
        self.foreign = Authority(self.pki / "foreign", "Foreign Authority")
        self.clients = {
            "good": self.own.issue("client", GOOD), "ended": self.own.issue("ended", ENDED),
            "foreign": self.foreign.issue("client", GOOD), "none": None}
        self.recipients = {
            "good": self.own.issue("crm", GOOD), "ended": self.own.issue("crm-ended", ENDED),
            "foreign": self.foreign.issue("crm", GOOD)}
        more = f'timeout_s = 5\nauthorities = "{self.own.certificate}"'
        rig = self.make_rig(folder, certificate=self.recipients["good"][2], tls=True, more=more)
        rig.site.edit(
            CONFIG, ('certificates = "certificates"\n', ""),
            ("certificates/server.pem", "pki/server.pem"),
            ("certificates/server.key", "pki/server.key"),
            ('client_certificates = "none"',
             f'client_certificates = "required"\nclient_authorities = "{self.own.certificate}"'))
        (rig.site.folder / "pki").mkdir()
        self.renewals = 0
        self.install(rig, GOOD)
        rig.start()

    def close_more(self):
        shutil.rmtree(self.pki, ignore_errors=True)

    def renewed(self, days):
        """A new certificate for the listener."""
        self.renewals += 1
        return self.own.issue(f"server-{self.renewals}", days)

    def install(self, rig, days, folder=None, issued=None):
        """A new certificate of the listener, written over the old one as an installer does."""
        certificate, key, _ = issued or self.renewed(days)
        place = (folder or rig.site.folder) / "pki"
        shutil.copy(certificate, place / "server.pem")
        shutil.copy(key, place / "server.key")
        self.installed = ssl.PEM_cert_to_DER_cert(certificate.read_text())

    def context(self, client):
        """How a sender with this certificate connects."""
        context = ssl.create_default_context(cafile=self.own.certificate)
        if self.clients[client]:
            certificate, key, _ = self.clients[client]
            context.load_cert_chain(certificate, key)
        return context

    def play(self, rig, rnd):
        parts = [self.ended_listener, self.senders, self.recipient, self.renewal]
        rnd.shuffle(parts)
        struck = [part(rig, rnd) for part in parts]
        rig.all_delivered()
        return all(one is not False for one in struck)

    def ended_listener(self, rig, rnd):
        """`check` and `run` refuse a certificate that has ended, and warn of one that ends soon."""
        folder = Second.beside(rig)
        text = (folder / CONFIG).read_text()
        for name in ("store", "keys"):
            text = text.replace(f'"{rig.site.folder / name}"', f'"{name}"')
        (folder / CONFIG).write_text(text)
        (folder / "pki").mkdir()
        self.install(rig, ENDED, folder)
        for command in ("check", "run"):
            run = rig.site.run(command, folder=folder)
            said = run.stdout + run.stderr
            if run.returncode != 2 or "C006" not in said or "expired on" not in said:
                raise Wrong(f"{command} ended with {run.returncode}: {said}")
        self.install(rig, SOON, folder)
        run = rig.site.run("check", folder=folder)
        said = run.stdout + run.stderr
        if run.returncode or "C009" not in said or f"in {SOON - 1} days" not in said:
            raise Wrong(f"check of one that ends soon ended with {run.returncode}: {said}")
        self.tell("listeners refused")

    def senders(self, rig, rnd):
        """Each sender's certificate; the answer to a message shows who got in."""
        names = list(self.clients)
        rnd.shuffle(names)
        for name in names:
            message = rig.feed.one(rnd.choice(rig.feed.patients))
            rig.book.note_sent(message.control)
            answer = None
            try:
                line = Line(rig.site.tls_port(), 5, self.context(name))
                try:
                    # With TLS 1.3 the refusal comes behind the handshake.
                    answer = line.ask(message.text)
                finally:
                    line.close()
            except OSError as error:
                self.tell(f"certificate {name}: {getattr(error, 'reason', 0) or 'closed'}")
            if name == "good":
                if not answer or rig.book.note_answer(message.control, answer) not in POSITIVE:
                    raise Wrong(f"a good certificate was not let in: {answer}")
            elif answer:
                raise Wrong(f"a sender with certificate {name} was answered {answer}")
            else:
                rig.not_due.add(message.control)

    def recipient(self, rig, rnd):
        """The recipient shows a certificate that must not be trusted; then a good one."""
        bad = rnd.choice(("ended", "foreign"))
        rig.crm.manner(certificate=str(self.recipients[bad][2]))
        messages = rig.feed.take(10, rnd)
        rig.send_all(messages, port=rig.site.tls_port(), context=self.context("good"))

        def is_tried():
            rows = rig.site.json("status")["deliveries"]
            return any(row["state"] == "retrying" and row["count"] for row in rows)
        wait_for("a try at a recipient that is not to be trusted", is_tried, 20, 0.05)
        mine = {one.control for one in messages}
        if mine & set(rig.crm.arrivals.read().taken):
            raise Wrong(f"a record went to a recipient whose certificate is {bad}")
        rig.crm.manner(certificate=str(self.recipients["good"][2]))
        rig.all_delivered()
        self.tell(f"recipients with a certificate {bad}")

    def renewal(self, rig, rnd):
        """Renewed under load: the open connections go on, new ones get the new certificate. False
        when the load was over before."""
        soon = rnd.random() < 0.5
        issued = self.renewed(SOON if soon else GOOD)
        cuts, open_before = rig.book.counts["cut"], self.shown(rig)
        sending = rig.send(rig.feed.take(300, rnd), rate=400, port=rig.site.tls_port(),
                           context=self.context("good"))
        at = len(rig.book.acknowledged) + rnd.randrange(10, 60)
        wait_for("the load", lambda: len(rig.book.acknowledged) >= at or sending.is_done())
        log = rig.site.folder / "gateway.log"
        warned = log.read_text().count("C009")
        self.install(rig, SOON if soon else GOOD, issued=issued)
        event = rig.site.json("reload")
        under_load = not sending.is_done()
        if soon != ("C009" in json.dumps(event)):
            raise Wrong(f"the reload says {event}")
        if soon:
            wait_for("a warning in the log", lambda: log.read_text().count("C009") > warned, 10)
        shown = self.shown(rig)
        if shown != self.installed or shown == open_before:
            raise Wrong("a new connection does not see the new certificate")
        rig.all_answered(sending)
        if rig.book.counts["cut"] != cuts:
            raise Wrong(f"{rig.book.counts['cut'] - cuts} connections were dropped by a renewal")
        self.tell("renewed under load, ending soon" if soon else "renewed under load")
        return under_load

    def shown(self, rig):
        """The certificate that a new connection sees."""
        line = Line(rig.site.tls_port(), 5, self.context("good"))
        shown = line.stream.getpeercert(binary_form=True)
        line.close()
        return shown


ROWS = (Certificates,)
