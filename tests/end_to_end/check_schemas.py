"""Holds documents against JSON Schemas with the PyPI package jsonschema, formats included.

One line of standard input is an array of a schema's path and a document; the answer is a line with
`ok`, or every fault.
"""

import json
import sys

import jsonschema

for line in sys.stdin:
    path, document = json.loads(line)
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    faults = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
    print("; ".join(faults) or "ok")
