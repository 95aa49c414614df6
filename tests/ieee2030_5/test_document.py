"""XML of a utility's server: read within bounds, strictly, and nothing in it is followed or expanded.

Oracles: the examples of IEEE 2030.5-2018 annex C and bodies of other people's servers and clients.
"""

from __future__ import annotations

import pytest

from boards.cpython.ieee2030_5 import document, resources
from boards.cpython.ieee2030_5.document import DOCUMENT_BYTES_MAX, Refused, read
from tests.needs import shared_data

SPACE = 'xmlns="urn:ieee:std:2030.5:ns"'
AUS = 'xmlns:a="https://csipaus.org/ns"'
PROGRAM = resources.Program("/derp/0", "A", 3, "", "")


def example(name: str) -> bytes:
    """Return a body that others wrote."""
    return shared_data("ieee2030_5", "xml", name).read_bytes()


def why(raw: bytes | str, expected: str = "Time") -> str:
    """Return why a document is refused."""
    with pytest.raises(Refused) as refused:
        read(raw.encode() if isinstance(raw, str) else raw, expected)
    return str(refused.value)


def test_the_standards_example_of_a_control_is_read_as_it_says():
    # IEEE 2030.5-2018 table C.11 step 8
    node = read(example("envoy_dercontrollist.xml"), "DERControlList")
    assert resources.listed(node) == resources.Listed(1, 2, 0)
    control = resources.control(next(node.all("DERControl")), PROGRAM, 1341532800)
    assert isinstance(control, resources.Control)
    assert (control.mrid, control.created_s, control.start_s, control.duration_s) == (
        "2BE7A7E57", 1341446390, 1341446400, 86400,
    )  # fmt: skip
    assert (control.status, control.random_start_s, control.random_duration_s) == (1, 180, 180)
    assert (control.modes, control.unknown, control.primacy) == ({}, ("opModVoltWatt",), 3)


def test_the_standards_examples_of_programs_and_assignments_lead_on():
    # IEEE 2030.5-2018 tables C.11 step 3 and C.4 step 11
    node = read(example("envoy_derprogramlist.xml"), "DERProgramList")
    program = resources.program(next(node.all("DERProgram")))
    assert (program.mrid, program.primacy, program.controls_href) == ("1BE7A7E57", 2, "/derp/0/derc")
    assert program.default_href == ""
    assignments = read(example("envoy_functionsetassignmentslist.xml"), "FunctionSetAssignmentsList")
    assert [resources.link(node, "DERProgramListLink") for node in assignments.all("FunctionSetAssignments")] == [
        "",
        "",
    ]


def test_bodies_of_another_server_are_read():
    root = read(example("cactus-client_dcap.xml"), "DeviceCapability")
    assert resources.poll_s(root) == 60 and resources.link(root, "TimeLink").endswith("/tm")
    devices = read(example("cactus-client_edev-list-2.xml"), "EndDeviceList")
    device = next(devices.all("EndDevice"))
    assert device.hexadecimal("lFDI", 20) == "FBFAC1A000ED111B674443875456123100006F83"
    assert resources.link(device, "csipaus:ConnectionPointLink").endswith("/cp")


def test_the_australian_modes_are_in_watts_whatever_the_multiplier():
    # the body of a notification of CSIP-AUS v1.3, its list in the place of a document
    text = example("envoy-schema_notification_doe.xml").decode()
    inner = text[text.index("<DERControl>") : text.index("</Resource>")].replace("<currentStatus>9", "<currentStatus>1")
    spaces = f'{SPACE} xmlns:csipaus="https://csipaus.org/ns/v1.3"'
    node = read(f"<DERControlList {spaces}>{inner}</DERControlList>".encode(), "DERControlList")
    control = resources.control(next(node.all("DERControl")), PROGRAM, 500)
    assert isinstance(control, resources.Control)
    assert control.modes == {
        resources.IMPORT: 1000, resources.EXPORT: 2000, resources.GENERATION: 3000, resources.LOAD: 4000,
        resources.STORAGE_TARGET: 5000,
    }  # fmt: skip


def test_a_document_type_is_refused_before_anything_expands():
    laughs = '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    assert "declares a type" in why(f"{laughs}<Time {SPACE}>&b;</Time>")
    assert "declares a type" in why(f'<!DOCTYPE t SYSTEM "http://elsewhere/x"><Time {SPACE}/>')
    assert "undefined entity" in why(f"<Time {SPACE}>&b;</Time>")


def test_size_depth_and_number_of_elements_are_bounded():
    assert "more than" in why(b" " * (DOCUMENT_BYTES_MAX + 1))
    deep = document.DEPTH_MAX
    assert "levels" in why(f"<Time {SPACE}>" + "<a>" * deep + "</a>" * deep + "</Time>")
    assert "elements" in why(f"<Time {SPACE}>" + "<a/>" * document.NODES_MAX + "</Time>")
    assert "characters" in why(f"<Time {SPACE}><a>" + "x" * (document.TEXT_CHARS_MAX + 1) + "</a></Time>")


def test_what_is_no_xml_or_another_document_says_so():
    for raw in (b"", b"{}", b"<Time", b"\xff\xfe", f"<Time {SPACE}></Tim>".encode(), b"\x00" * 10):
        assert why(raw).startswith("Time: no XML")
    assert "another document: 'EndDevice'" in why(f"<EndDevice {SPACE}/>")
    assert "another document" in why("<Time/>")
    assert "no XML" in why(f'<?xml version="1.0" encoding="klingon"?><Time {SPACE}/>')


def test_unknown_elements_and_other_namespaces_are_skipped_with_all_that_is_in_them():
    inside = (
        '<x:more xmlns:x="urn:x"><currentTime>1</currentTime></x:more><future><currentTime>2</currentTime></future>'
    )
    assert resources.server_s(read(f"<Time {SPACE}>{inside}<currentTime>3</currentTime></Time>".encode(), "Time")) == 3


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "Time/currentTime: it is missing"),
        ("<currentTime/>", "'' is no whole number"),
        ("<currentTime>1.5</currentTime>", "'1.5' is no whole number"),
        ("<currentTime>１</currentTime>", "is no whole number"),
        ("<currentTime>1e3</currentTime>", "is no whole number"),
        ("<currentTime>-1</currentTime>", "-1 is not from 1"),
        (f"<currentTime>{'9' * 400}</currentTime>", "is no whole number"),
        ("<currentTime>99999999999999</currentTime>", "is not from 1"),
        ("<currentTime>1</currentTime><currentTime>2</currentTime>", "it is there 2 times"),
    ],
)
def test_a_bad_number_is_refused_with_its_path(said, told):
    with pytest.raises(Refused) as refused:
        resources.server_s(read(f"<Time {SPACE}>{said}</Time>".encode(), "Time"))
    assert "Time/currentTime" in str(refused.value) and told in str(refused.value)


def a_control(base: str, **changed: str) -> resources.Control | resources.ControlRefused:
    """Return what is read of a control with this base."""
    parts = {
        "mRID": "AB", "creationTime": "1", "start": "10", "duration": "60", "currentStatus": "0", "reply": "/r",
        "more": "",
    } | changed  # fmt: skip
    text = (
        f'<DERControl {SPACE} {AUS} replyTo="{parts["reply"]}" responseRequired="03"><mRID>{parts["mRID"]}</mRID>'
        f"<creationTime>{parts['creationTime']}</creationTime>"
        f"<EventStatus><currentStatus>{parts['currentStatus']}</currentStatus></EventStatus>"
        f"<interval><duration>{parts['duration']}</duration><start>{parts['start']}</start></interval>"
        f"{parts['more']}<DERControlBase>{base}</DERControlBase></DERControl>"
    )
    return resources.control(read(text.encode(), "DERControl"), PROGRAM, 5)


def watts(number: object, tens: object = 0) -> str:
    """Return an export limit."""
    return f"<a:opModExpLimW><multiplier>{tens}</multiplier><value>{number}</value></a:opModExpLimW>"


def test_powers_are_scaled_and_rounded_to_the_strict_side():
    for said, meant_w in ((watts(15, 2), 1500), (watts(1999, -3), 1), (watts(0, 9), 0), (watts(40000), 40000)):
        control = a_control(said)
        assert isinstance(control, resources.Control) and control.modes == {resources.EXPORT: meant_w}


@pytest.mark.parametrize(
    ("base", "changed", "told"),
    [
        (watts(-1), {}, "opModExpLimW/value: -1 is not from 0"),
        (watts(1, 10), {}, "multiplier: 10 is not from -9 to 9"),
        (watts(999999, 9), {}, "is no power"),
        ("<opModFixedW>10001</opModFixedW>", {}, "opModFixedW: 10001 is not from -10000 to 10000"),
        ("<opModMaxLimW>-1</opModMaxLimW>", {}, "opModMaxLimW"),
        ("<opModConnect>maybe</opModConnect>", {}, "'maybe' is no boolean"),
        (watts(1), {"duration": "0"}, "interval/duration: 0"),
        (watts(1), {"currentStatus": "5"}, "currentStatus: 5"),
        (watts(1), {"mRID": "XYZ"}, "no hex digits"),
        (watts(1), {"mRID": "A" * 33}, "more than 16 bytes"),
        (watts(1), {"reply": "https://elsewhere/r"}, "no path on this server"),
        (watts(1), {"reply": "//elsewhere/r"}, "no path on this server"),
        (watts(1), {"more": "<randomizeStart>3601</randomizeStart>"}, "randomizeStart: 3601"),
        (watts(1) + watts(2), {}, "it is there 2 times"),
    ],
)
def test_a_control_that_the_standard_does_not_allow_is_refused_by_name(base, changed, told):
    refused = a_control(base, **changed)
    assert isinstance(refused, resources.ControlRefused) and told in refused.why
    assert refused.mrid == ("AB" if "mRID" not in changed else "")
