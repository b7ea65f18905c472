"""Verifies webhooks with the PyPI package standardwebhooks: one JSON request a line, one answer each.

A request has secret, id, timestamp, signature and body (base64). With sign_at, seconds from now, it
is signed anew with that time by the package itself before it is verified. See verify_webhooks.cjs.
"""

import base64
import datetime
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for line in sys.stdin:
    one = json.loads(line)
    webhook = Webhook(one["secret"])
    body = base64.b64decode(one["body"])
    timestamp, signature = one["timestamp"], one["signature"]
    if one["sign_at"] is not None:
        at = datetime.datetime.now(datetime.timezone.utc)
        at += datetime.timedelta(seconds=one["sign_at"])
        timestamp = str(int(at.timestamp()))
        signature = webhook.sign(one["id"], at, body.decode())
    headers = {
        "webhook-id": one["id"],
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
    }
    try:
        webhook.verify(body, headers)
        print("accepted")
    except (WebhookVerificationError, ValueError) as error:
        print(f"refused: {error}")
