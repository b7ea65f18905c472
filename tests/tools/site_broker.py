"""The broker of a program's run with `--queue rabbitmq`: that of tests/tools/rabbitmq.py, and what
a site's configuration says of it. What is done to it is in the rows.
"""

import argparse
import signal

import rabbitmq

STORE = 'queue = "rabbitmq"'
QUEUE = """
[rabbitmq]
url = "amqp://127.0.0.1:{port}/%2f"
user = "isthmus"
password = "${{file:secrets/rabbitmq}}"
{more}
"""
USER = "isthmus"


class Broker(rabbitmq.Broker):
    """One broker for all rows; its data stay over a restart."""

    def __init__(self, folder):
        super().__init__(argparse.Namespace(
            folder=folder, port=None, user=USER, password=None, tls=False, ca=None, cert=None,
            key=None, ask_certificate=False))

    def configuration(self, site, port=None, more=""):
        """What `GatewaySite` is given for this broker; writes the secret into the site's folder.
        The gateway reaches it by `port`, when that is another; `more` are further lines."""
        folder = site / "secrets"
        folder.mkdir(exist_ok=True)
        (folder / "rabbitmq").write_text(f"{self.options.password}\n")
        return {"store": STORE, "queue": QUEUE.format(port=port or self.port, more=more)}

    def stop(self):
        """Asks it to end, and waits."""
        self.end(signal.SIGTERM)

    def kill(self):
        """Ends it as a power cut would."""
        self.end(signal.SIGKILL)

    def freeze(self):
        self.send(signal.SIGSTOP)

    def thaw(self):
        self.send(signal.SIGCONT)

    def evaluate(self, expression):
        """An Erlang expression in the broker; alarms, for one, can be raised so."""
        return self.control(["eval", expression])
