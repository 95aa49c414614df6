"""What goes over the wire against the standard's own OpenAPI document, read by jsonschema."""

import asyncio

import pytest
import yaml
from jsonschema import Draft4Validator

from tests.needs import shared_data
from tests.openadr.documents import event
from tests.openadr.site import rig
from tests.waiting import until
from tools.broker import free_port

LAST_MINUTE = {"duration": "PT1M", "start": "2023-11-15T11:58:00Z"}


def nullable(schema):
    """Return an OpenAPI 3.0 schema as JSON Schema draft 4 says the same: `nullable` is one more type."""
    if isinstance(schema, list):
        return [nullable(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: nullable(schema[key]) for key in schema}
    if found.pop("nullable", False) is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


@pytest.fixture(scope="module")
def errors():
    document = yaml.safe_load(shared_data("openadr3", "openadr3_3.1.0.yaml").read_text())
    components = nullable(document["components"])

    def found(name, body):
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        return [error.message for error in Draft4Validator(schema).iter_errors(body)]

    return found


def test_the_schema_is_one_that_can_refuse(errors):
    assert errors("reportRequest", {"eventID": "e1"}) and errors("reportRequest", {"eventID": "e 1"})


def test_reports_are_as_the_schema_has_them(errors, tmp_path):
    kinds = ("USAGE", "DEMAND", "READING", "OPERATING_STATE", "SETPOINT")
    document = event(("PRICE", 1), **LAST_MINUTE) | {"reportDescriptors": [{"payloadType": kind} for kind in kinds]}

    async def play():
        async with rig(tmp_path) as found:
            found.vtn.events = [document]
            await found.poll()
            return found.vtn.posted

    posted = asyncio.run(play())
    assert len(posted) == len(kinds)
    for report in posted:
        assert errors("reportRequest", report) == []


def test_vens_and_resources_are_as_the_schema_has_them(errors, tmp_path):
    async def play():
        async with rig(tmp_path, notices="mqtt") as found:
            assert await until(lambda: found.vtn.resources)
            return found.vtn.vens, found.vtn.resources

    vens, resources = asyncio.run(play())
    sent = [{key: each[key] for key in each if key not in ("id", "clientID")} for each in (vens[0], resources[0])]
    assert errors("VenVenRequest", sent[0]) == [] and errors("VenResourceRequest", sent[1]) == []


@pytest.mark.parametrize("options", [{}, {"program": "doe"}])
def test_a_subscription_is_as_the_schema_has_it(errors, tmp_path, options):
    async def play():
        webhook = {"notices": "webhook", "callback_url": "https://home.example/oadr", "callback_port": free_port()}
        async with rig(tmp_path, **webhook, **options) as found:
            assert await until(lambda: found.vtn.subscribed)
            return found.vtn.subscribed[0]

    sent = asyncio.run(play())
    assert errors("subscriptionRequest", sent) == [] and sent.get("programID") == ("p1" if options else None)


def test_the_tests_own_events_are_as_the_schema_has_them(errors):
    document = event(("PRICE", 1), ("GHG", 2), priority=3, targets=["a"])
    for descriptor in document["payloadDescriptors"]:
        descriptor["objectType"] = "EVENT_PAYLOAD_DESCRIPTOR"  # which the User Guide's examples leave out
    assert errors("eventRequest", {key: document[key] for key in document if key != "id"}) == []
