"""A gateway with a folder of its own, for programs that measure it or do it harm: configuration,
maps that carry the control id through to the records, the process, and its commands.

What is measured or harmed is in the programs. Standard library alone.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from gateway_process import ROOT, GatewayProcess, free_port

CONFIG = """
mappings = "mappings"
[store]
folder = "store"
key_folder = "keys"
master_key = "${{file:secrets/master.key}}"
{store}
[ledger]
signing_key = "${{file:secrets/ledger.key}}"
[pseudonym_keys]
crm-link = "${{file:secrets/crm.key}}"
marketing-link = "${{file:secrets/marketing.key}}"
[first_start]
make_keys = true
{certificates}
{queue}
[[mllp]]
listen = "127.0.0.1:{port}"
{bounds}
{tls}
[[sender]]
id = "example-ehr"
networks = ["127.0.0.0/8"]
applications = ["EXAMPLE-EHR"]
facilities = ["EXAMPLE-CLINIC"]
events = ["ADT^A08"]
authorities = "any"
default_charset = "UNICODE UTF-8"
zone = "America/New_York"
default_authority = "EXAMPLE MRN"
[[destination]]
recipient = "marketing"
adapter = "ndjson-folder"
folder = "outbox/marketing"
"""

WEBHOOK = """
[[destination]]
recipient = "{recipient}"
adapter = "webhook"
url = "{url}"
secrets = ["${{file:secrets/webhook}}"]
{more}
"""

BOUNDS = """
[mllp.bounds]
{bounds}
"""

# A second listener, with certificates that the gateway makes at its first start.
TLS = """
[[mllp]]
listen = "127.0.0.1:0"
[mllp.tls]
certificate = "certificates/server.pem"
key = "certificates/server.key"
client_certificates = "none"
"""

# Where a message says its control id, a patient of the copied maps has it as an identifier.
SYSTEM = "urn:example:control-id"
CARRY = {
    "hl7v2-to-fhir/messages/adt-a01.rmap": (
        "  identifier[]            <- PID-4 : CX\n",
        f'  identifier[system="{SYSTEM}"].value <- MSH-10\n',
    ),
    "fhir-to-records/crm-contact.rmap": (
        "  email                 <- p.telecom[system=email].value | trim | lower\n",
        f'  control_id            <- p.identifier[system="{SYSTEM}"].value\n',
    ),
    "policies/crm.toml": (
        "# ",
        f"[[flow.allow]]\npath = 'Patient.identifier[system=\"{SYSTEM}\"].value'\n"
        'class = "identifier"\n',
    ),
}


class GatewaySite:
    """One gateway; `urls` are the webhooks of its recipients beside the marketing platform, which
    gets what it may have in a folder. Every recipient but that has the rules of the CRM.

    `more` are further lines of every destination, `bounds` those of its listeners, `store` those of
    `[store]` and `queue` sections of their own, for a queue outside of the store. `environment` is
    what the process gets beside this program's own; it may be changed between starts."""

    def __init__(self, folder, binary, urls, more="", *, bounds="", tls=False, store="", queue="",
                 environment=None):
        self.folder, self.binary = pathlib.Path(folder), pathlib.Path(binary).resolve()
        self.port = free_port()
        self.process = None
        self.environment = environment or {}
        # What the commands printed.
        self.said = b""
        self._maps(urls)
        (self.folder / "secrets").mkdir(exist_ok=True)
        secret = base64.b64encode(os.urandom(32)).decode()
        (self.folder / "secrets/webhook").write_text(f"whsec_{secret}\n")
        bounds = BOUNDS.format(bounds=bounds) if bounds else ""
        config = CONFIG.format(
            port=self.port, store=store, queue=queue, bounds=bounds,
            certificates='certificates = "certificates"' if tls else "",
            tls=TLS + bounds if tls else "")
        for recipient, url in urls.items():
            config += WEBHOOK.format(recipient=recipient, url=url, more=more)
        (self.folder / "isthmus.toml").write_text(config)

    def _maps(self, urls):
        own = self.folder / "mappings"
        for name in ("fhir-to-records", "hl7v2-to-fhir", "policies", "records", "tables"):
            shutil.copytree(ROOT / "mappings" / name, own / name)
        for name, (behind, row) in CARRY.items():
            text = (own / name).read_text()
            if behind not in text:
                sys.exit(f"{name} is not as it was: {behind!r} is missing")
            changed = text + "\n" + row if behind == "# " else text.replace(behind, behind + row, 1)
            (own / name).write_text(changed)
        schema = own / "records/person.schema.json"
        document = json.loads(schema.read_text())
        document["properties"]["control_id"] = {"type": "string"}
        schema.write_text(json.dumps(document))
        rules = (own / "policies/crm.toml").read_text()
        agreements = own / "policies/agreements.toml"
        (own / "policies/crm.toml").unlink()
        for recipient in urls:
            agreement = f"BAA-{recipient.upper()}"
            text = rules.replace('id = "crm"', f'id = "{recipient}"')
            text = text.replace('id = "crm-contact"', f'id = "{recipient}-contact"')
            text = re.sub(r'^agreement = .*$', f'agreement = "{agreement}"', text, flags=re.M)
            (own / f"policies/{recipient}.toml").write_text(text)
            agreements.write_text(agreements.read_text() + (
                f'\n[[agreement]]\nid = "{agreement}"\nkind = "BAA"\nparty = "{recipient}"\n'
                'expires = "2030-12-31"\n'))
        kept = agreements.read_text().split("\n\n")
        kept = [part for part in kept if '"BAA-EXAMPLE-CRM"' not in part]
        agreements.write_text("\n\n".join(kept))

    def edit(self, name, *changes):
        """Replaces texts in a file of the site; each of them is there."""
        text = (self.folder / name).read_text()
        for old, new in changes:
            if old not in text:
                sys.exit(f"{name} is not as it was: {old!r} is missing")
            text = text.replace(old, new, 1)
        (self.folder / name).write_text(text)

    def start(self):
        """Starts it and waits until it listens; how long that took, in seconds."""
        self.process = GatewayProcess(self.binary, self.folder, self.environment)
        return self.process.up_after

    def tls_port(self):
        """The port of the listener with TLS, while it runs."""
        return int(self.process.addresses[1].rsplit(":", 1)[1])

    def kill(self):
        """Ends it as a power cut would, when it was started."""
        if self.process:
            self.process.kill()

    def stop(self):
        """Asks it to end and waits."""
        self.process.stop()

    def run(self, *arguments, folder=None, document=""):
        """Runs a command on this site, or on a copy of it in another folder."""
        command = [self.binary, *arguments, "--json", "--config", folder or self.folder]
        run = subprocess.run(command, input=document, capture_output=True, text=True, check=False)
        self.said += run.stdout.encode() + run.stderr.encode()
        return run

    def json(self, *arguments):
        """Runs a command and reads its document."""
        run = self.run(*arguments)
        if run.returncode:
            sys.exit(f"{' '.join(arguments)}: {run.stderr}")
        return json.loads(run.stdout)

    def undone(self, status):
        """How much has no outcome yet and is not delivered, parked or disposed of."""
        waits = ("waiting", "retrying")
        rows = [row["count"] for row in status["deliveries"] if row["state"] in waits]
        return status["open"] + sum(rows)
