"""The committed vectors are what the program makes, show every fault, and the Python verifier judges each as told."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest

from tests.vectors.make import FOLDER, MANIFEST, made
from tools.strict import NotStrict
from tools.verifier import FAULTS, Fault, Verifier
from tools.verifier.pagefile import pieces

VECTORS = json.loads(MANIFEST.read_text())["vectors"]


def judged(vector, raw):
    """Return the report on a file that has what a vector has."""
    revoked = {bytes.fromhex(kid): seq for kid, seq in vector["revoked"].items()}
    tails = [bytes.fromhex(page) for page in vector["last_pages"]]
    starts = [bytes.fromhex(page) for page in vector["after"]]
    begun = [(agent, bytes.fromhex(key)) for agent, key in vector["begun"]]
    verifier = Verifier([bytes.fromhex(key) for key in vector["keys"]], starts, tails, revoked, begun)
    for _offset, piece in pieces(io.BytesIO(raw)):
        if isinstance(piece, NotStrict):
            verifier.note(Fault(piece.fault, piece.detail))
        else:
            verifier.add(piece)
    return verifier.report()


def raw_of(vector):
    return (FOLDER / vector["file"]).read_bytes()


def test_the_committed_vectors_are_what_the_program_makes():
    files, manifest = made()
    assert manifest == MANIFEST.read_text()
    assert {path.name for path in (FOLDER / "files").iterdir()} == set(files)
    for name, raw in files.items():
        assert (FOLDER / "files" / name).read_bytes() == raw, name


def test_there_are_enough_and_every_fault_has_one():
    bad = [vector for vector in VECTORS if vector["faults"]]
    assert len(VECTORS) - len(bad) >= 20
    assert len(bad) >= 60
    assert {fault[0] for vector in bad for fault in vector["faults"]} == set(FAULTS)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_the_verifier_names_exactly_what_is_wrong(vector):
    report = judged(vector, raw_of(vector))
    found = [[fault.name, fault.agent, fault.seq] for fault in report.faults]
    assert sorted(found, key=str) == vector["faults"], [fault.line() for fault in report.faults]
    assert report.counts == Counter(fault[0] for fault in vector["faults"])


@pytest.mark.parametrize("vector", [vector for vector in VECTORS if vector["facts"]], ids=lambda vector: vector["name"])
def test_the_verifier_reports_the_facts(vector):
    report = judged(vector, raw_of(vector))
    facts = vector["facts"]
    agents = report.agents
    energy = [
        [agent.chain.agent, device, register, meter.first[register], last]
        for agent in agents
        for device, meter in agent.chain.history.meters.items()
        for register, last in meter.registers.items()
    ]
    found = {
        "pages": sum(agent.pages for agent in agents),
        "records": sum(agent.records for agent in agents),
        "disclosed": report.disclosed_records,
        "energy": sorted(energy),
    }
    assert {name: found[name] for name in facts} == {**facts, **_sorted_energy(facts)}


def _sorted_energy(facts):
    return {"energy": sorted(facts["energy"])} if "energy" in facts else {}
