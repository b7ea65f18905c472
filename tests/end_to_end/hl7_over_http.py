#!/usr/bin/env python3
"""Sends HL7 v2 messages over HTTPS with Python's own client, as a sender of HL7 over HTTP does.

usage: hl7_over_http.py PORT CA_FILE < messages, one a line, segments ended by \\r written as "\\r"

Prints a line a message: the status and the body of the response, carriage returns written the same.
"""

import http.client
import ssl
import sys


def main():
    port, authority = int(sys.argv[1]), sys.argv[2]
    context = ssl.create_default_context(cafile=authority)
    # One connection for all, as the client keeps it.
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
    for line in sys.stdin:
        message = line.rstrip("\n").replace("\\r", "\r").encode()
        headers = {"Content-Type": "application/hl7-v2; charset=utf-8"}
        connection.request("POST", "/", message, headers)
        response = connection.getresponse()
        body = response.read().decode().replace("\r", "\\r")
        print(response.status, body, flush=True)
    connection.close()


if __name__ == "__main__":
    main()
