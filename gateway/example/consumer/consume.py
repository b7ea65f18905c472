"""A recipient's side of the adapter `amqp`: takes records from a queue and keeps them in SQLite.

    pip install pika jwcrypto
    python3 consume.py --url amqps://broker.example/crm --user crm --password-file crm.password \\
        --queue crm.isthmus --key 2026-03=seal-2026-03.key --store crm.db

It shows what every consumer has to do:

- open sealed bodies (JWE) by the key that their header names; take two keys while one is changed,
- take no plain body where sealed ones are expected: whoever may publish could send one,
- take each message once, by `message-id`, and keep the highest version of a record,
- acknowledge when the record is stored and not before, so that a crash loses nothing,
- hand back for good, into the dead letters, what can never be read.

`mappings/records/README.md` tells what the events mean.
"""

import argparse
import json
import pathlib
import signal
import sqlite3
import ssl
import sys
import time
import urllib.parse

import pika
from jwcrypto import jwe, jwk
from jwcrypto.common import JWException, base64url_encode

SEALED = "application/jose"
PLAIN = "application/cloudevents+json"
# How many messages may be on their way to us unacknowledged.
PREFETCH = 64
# The member that tells one record of a kind from another.
KEYS = {"person": "person_id", "appointment": "appointment_id"}


class Unreadable(Exception):
    """A message that no attempt would make readable; says why, without a value of it."""


class Opener:
    """Opens bodies with the keys that there are, by their names."""

    def __init__(self, keys):
        self.keys = {}
        for name, path in keys:
            key = bytes.fromhex(pathlib.Path(path).read_text().strip())
            self.keys[name] = jwk.JWK(kty="oct", k=base64url_encode(key))

    def event(self, content_type, body):
        """The event in a body."""
        if content_type == SEALED:
            body = self._opened(body)
        elif content_type != PLAIN:
            raise Unreadable(f"unknown content type {content_type}")
        elif self.keys:
            raise Unreadable("a plain body where sealed ones are expected")
        try:
            return json.loads(body)
        except ValueError:
            raise Unreadable("no JSON") from None

    def _opened(self, body):
        try:
            # These two and no others: what the header asks for is not ours to follow.
            token = jwe.JWE(algs=["dir", "A256GCM"])
            token.deserialize(body.decode("ascii"))
            key = self.keys.get(token.jose_header.get("kid"))
            if key is None:
                raise Unreadable("a key that we do not have")
            token.decrypt(key)
            return token.payload
        except (JWException, ValueError):
            raise Unreadable("it does not open") from None


class Store:
    """Records by flow and key, and the ids of the messages that were taken."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE IF NOT EXISTS taken (id TEXT PRIMARY KEY, at REAL);
            CREATE TABLE IF NOT EXISTS record (
                flow TEXT, kind TEXT, key TEXT, version INTEGER, content TEXT,
                PRIMARY KEY (flow, kind, key));
            """
        )

    def take(self, event):
        """Takes an event; tells whether it is new. In one transaction, on the disk at its end."""
        data = event["data"]
        kind, record = data["kind"], data["record"]
        if data["action"] != "upsert" or kind not in KEYS:
            # Kept for a person: an action that is not known is never guessed at.
            raise Unreadable(f"an action that is not known: {data['action']} of {kind}")
        row = (event["source"], kind, record[KEYS[kind]], data["version"], json.dumps(record))
        with self.database:
            self.database.execute("BEGIN IMMEDIATE")
            known = self.database.execute(
                "INSERT OR IGNORE INTO taken VALUES (?, ?)", (event["id"], time.time())
            )
            if known.rowcount == 0:
                return False
            self.database.execute(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " version = excluded.version, content = excluded.content"
                " WHERE excluded.version > version",
                row,
            )
        return True


class Consumer:
    """Takes messages until it is told to stop."""

    def __init__(self, options):
        self.options = options
        self.opener = Opener(options.key)
        self.store = Store(options.store)
        self.stopping = False

    def run(self):
        """Connects, and again when the connection is lost, a little later each time."""
        pause = 1
        while not self.stopping:
            try:
                with pika.BlockingConnection(parameters(self.options)) as connection:
                    pause = 1
                    self._consume(connection.channel())
            except pika.exceptions.AMQPError as error:
                print(f"no connection: {type(error).__name__}", file=sys.stderr)
                time.sleep(pause)
                pause = min(pause * 2, 30)

    def _consume(self, channel):
        channel.basic_qos(prefetch_count=PREFETCH)
        idle = 0
        for method, properties, body in channel.consume(
            self.options.queue, inactivity_timeout=1
        ):
            if method is not None:
                idle = 0
                self._take(channel, method, properties, body)
            else:
                idle += 1
            if self.stopping or (self.options.until_idle and idle >= self.options.until_idle):
                self.stopping = True
                channel.cancel()
                return

    def _take(self, channel, method, properties, body):
        said = {"id": properties.message_id, "redelivered": method.redelivered}
        try:
            event = self.opener.event(properties.content_type, body)
            if event.get("id") != properties.message_id:
                # The property is the broker's to write, the event under its seal is not.
                raise Unreadable("message-id is not the event's")
            said["new"] = self.store.take(event)
            channel.basic_ack(method.delivery_tag)
        except (Unreadable, KeyError, TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Unreadable) else type(error).__name__
            said["unreadable"] = why
            channel.basic_reject(method.delivery_tag, requeue=False)
        print(json.dumps(said), flush=True)


def parameters(options):
    """Where and how to connect."""
    url = urllib.parse.urlsplit(options.url)
    password = pathlib.Path(options.password_file).read_text().strip()
    tls = None
    if url.scheme == "amqps":
        context = ssl.create_default_context(cafile=options.ca)
        if options.certificate:
            context.load_cert_chain(options.certificate, options.certificate_key)
        tls = pika.SSLOptions(context, url.hostname)
    return pika.ConnectionParameters(
        host=url.hostname,
        port=url.port or (5671 if tls else 5672),
        virtual_host=urllib.parse.unquote(url.path[1:]) or "/",
        credentials=pika.PlainCredentials(options.user, password),
        ssl_options=tls,
        heartbeat=30,
    )


def named_key(text):
    """NAME=FILE."""
    name, _, path = text.partition("=")
    if not path:
        raise argparse.ArgumentTypeError("write it as NAME=FILE")
    return name, path


def parse():
    parser = argparse.ArgumentParser(description="Takes records from a queue into SQLite.")
    parser.add_argument("--url", required=True, help="amqps://host:port/vhost")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--queue", required=True)
    parser.add_argument("--store", required=True, help="the SQLite file")
    parser.add_argument(
        "--key",
        type=named_key,
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="a key of sealed bodies: its seal_key_id, and a file with 64 hexadecimal digits; "
        "several while one is changed; none to take plain bodies",
    )
    parser.add_argument("--ca", help="PEM file with the broker's authority")
    parser.add_argument("--certificate", help="PEM file with a certificate of our own")
    parser.add_argument("--certificate-key", help="PEM file with its key")
    parser.add_argument("--until-idle", type=int, metavar="SECONDS", help="end when nothing comes")
    return parser.parse_args()


def main():
    consumer = Consumer(parse())

    def stop(_signal, _frame):
        consumer.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    consumer.run()


if __name__ == "__main__":
    main()
