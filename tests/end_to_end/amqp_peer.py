"""A broker's operator and a plain consumer for the tests: one JSON command a line, one answer each.

    amqp_peer.py PARAMETERS        a JSON object: host, port, user, password, and ca, certificate
                                   and key where TLS is spoken

`{"do": "exchange", "name": ..}` declares a direct one, `{"do": "queue", "name": ..}` a durable
quorum queue, `{"do": "bind", "exchange": .., "key": .., "queue": ..}` binds,
`{"do": "unbind", ..}` undoes it, `{"do": "take", "queue": ..}` takes all messages off a queue
with their properties and headers, `{"do": "count", "queue": ..}` counts them, `{"do": "publish",
"queue": .., "body": .., "content_type": .., "id": ..}` puts one there. Needs the PyPI package
pika.
"""

import base64
import json
import ssl
import sys

import pika


def connect(given):
    tls = None
    if "ca" in given:
        context = ssl.create_default_context(cafile=given["ca"])
        context.load_cert_chain(given["certificate"], given["key"])
        tls = pika.SSLOptions(context, given["host"])
    credentials = pika.PlainCredentials(given["user"], given["password"])
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            given["host"], given["port"], "/", credentials, ssl_options=tls, heartbeat=60
        )
    )


def message(method, properties, body):
    return {
        "exchange": method.exchange,
        "routing_key": method.routing_key,
        "message_id": properties.message_id,
        "content_type": properties.content_type,
        "type": properties.type,
        "timestamp": properties.timestamp,
        "app_id": properties.app_id,
        "delivery_mode": properties.delivery_mode,
        "headers": properties.headers,
        "correlation_id": properties.correlation_id,
        "body": base64.b64encode(body).decode(),
    }


def take(channel, queue):
    taken = []
    while True:
        method, properties, body = channel.basic_get(queue)
        if method is None:
            return taken
        taken.append(message(method, properties, body))
        channel.basic_ack(method.delivery_tag)


def obey(channel, one):
    match one["do"]:
        case "exchange":
            channel.exchange_declare(one["name"], "direct", durable=True)
        case "queue":
            arguments = {"x-queue-type": "quorum", **one.get("arguments", {})}
            channel.queue_declare(one["name"], durable=True, arguments=arguments)
        case "bind":
            channel.queue_bind(one["queue"], one["exchange"], one["key"])
        case "unbind":
            channel.queue_unbind(one["queue"], one["exchange"], one["key"])
        case "take":
            return take(channel, one["queue"])
        case "count":
            return channel.queue_declare(one["queue"], passive=True).method.message_count
        case "publish":
            properties = pika.BasicProperties(
                message_id=one["id"], content_type=one["content_type"], delivery_mode=2
            )
            channel.basic_publish("", one["queue"], one["body"].encode(), properties)
        case other:
            raise ValueError(f"unknown command {other}")
    return None


def main():
    with connect(json.loads(sys.argv[1])) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for line in sys.stdin:
            print(json.dumps(obey(channel, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
