"""Two readers of S2 that nobody here wrote: the standard's JSON schemas with jsonschema, and s2-python."""

from __future__ import annotations

import json
from functools import cache

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from s2python.s2_parser import S2Parser

from tests.needs import shared_data


@cache
def _schemas():
    """Return the schemas by file name, and a registry in which they find one another."""
    found, registry = {}, Registry()
    for folder in ("messages", "schemas"):
        for path in sorted(shared_data("s2", folder).glob("*.schema.json")):
            schema = json.loads(path.read_text())
            found[path.name.removesuffix(".schema.json")] = schema
            registry = registry.with_resource(schema["$id"], Resource.from_contents(schema))
    return found, registry


def errors(message):
    """Return what the schema of a message's type finds wrong with it."""
    schemas, registry = _schemas()
    validator = Draft202012Validator(schemas[message["message_type"]], registry=registry)
    return [error.message for error in validator.iter_errors(message)]


def understood(message):
    """Return a message as s2-python reads it. Raises: S2ValidationError."""
    return S2Parser.parse_as_any_message(json.dumps(message))
