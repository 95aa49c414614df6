"""The page's modules in node: every vector is judged as told, and as the Python verifier judges it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess

import pytest

from tests.needs import ROOT, needs_program
from tests.vectors.test_vectors import VECTORS, judged, raw_of
from tests.verify_page.random_files import random_file
from tools.verifier import FAULTS
from tools.verify_page.assemble import SOURCE, assembled

HERE = ROOT / "tests" / "verify_page"
SHA256_LENGTHS = 200
SEEDS = range(300)


def node(*arguments, given=""):
    command = [needs_program("node"), *arguments]
    found = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def judged_in_node(files):
    """Return what the modules find of each file: {name: {faults, ok, facts}}."""
    given = [{**file, "raw": base64.b64encode(file["raw"]).decode()} for file in files]
    return node(str(HERE / "judge_files.mjs"), given=json.dumps(given))


@pytest.fixture(scope="module")
def told():
    return judged_in_node([{**vector, "raw": raw_of(vector)} for vector in VECTORS])


def test_every_source_is_in_the_page_once():
    page = assembled()
    for source in SOURCE.glob("*.mjs"):
        assert page.count(f"const {source.stem}Module = (") == 1, source.name
    assert (SOURCE / "style.css").read_text() in page
    assert "{{" not in page


def test_every_fault_has_words():
    listed = re.findall(
        r"^    (\w+): \['(\w+)', '[^']+', '[^']+'\],$", (SOURCE / "words.mjs").read_text(), re.MULTILINE
    )
    assert {name for name, _ in listed} == set(FAULTS)


def test_all_vectors_are_judged_as_told(told):
    wrong = {}
    for vector in VECTORS:
        found = told[vector["name"]]
        if sorted(found["faults"], key=str) != in_words(vector["faults"]) or found["ok"] != (not vector["faults"]):
            wrong[vector["name"]] = found["faults"]
    assert not wrong


def test_both_verifiers_find_the_same_facts(told):
    for vector in VECTORS:
        assert told[vector["name"]]["facts"] == facts(judged(vector, raw_of(vector))), vector["name"]


def test_both_verifiers_find_the_same_in_random_files():
    files = [random_file(seed) for seed in SEEDS]
    found = judged_in_node(files)
    for file in files:
        report = judged(file, file["raw"])
        mine = in_words([fault.name, fault.agent, fault.seq] for fault in report.faults)
        assert sorted(found[file["name"]]["faults"], key=str) == mine, file["name"]
        assert found[file["name"]]["facts"] == facts(report), file["name"]


def in_words(faults):
    """Return faults as judge_files.mjs writes them: JSON numbers end at 2^53."""
    return sorted(([name, agent, None if seq is None else str(seq)] for name, agent, seq in faults), key=str)


def facts(report):
    """The same as judge_vectors.mjs makes of the other report."""
    return {
        "disclosed": report.disclosed_records,
        "shown": [
            [one.header.hash.hex(), [[str(record.seq), record.kind] for record in one.records]]
            for one in report.disclosed
        ],
        "agents": [agent_facts(agent) for agent in report.agents],
    }


def agent_facts(agent):
    chain = agent.chain
    return {
        "name": chain.agent,
        "pages": agent.pages,
        "records": str(agent.records),
        "size": agent.size_bytes,
        "duplicates": agent.duplicates,
        "firstSeq": str(agent.first_seq),
        "last": [str(chain.next_seq), chain.last_hash.hex()],
        "lost": str(chain.lost_declared),
        "corrections": chain.clocks.corrections,
        "kinds": dict(chain.history.kinds),
        "keys": sorted(chain.keys.begun),
        "energy": [
            [device, meter.model, register, str(meter.first[register]), str(wh)]
            for device, meter in chain.history.meters.items()
            for register, wh in meter.registers.items()
        ],
        "coverage": [
            [
                row["device"],
                [[str(began), str(ended), str(QUALITIES.index(quality))] for began, ended, quality in row["spans"]],
                sorted([str(QUALITIES.index(quality)), str(count)] for quality, count in row["undated_s"].items()),
            ]
            for row in agent.coverage.as_json()
        ],
    }


QUALITIES = ("good", "missing", "estimated", "bad")


def test_sha256_is_right_for_every_length():
    script = (
        f"import {{ hex, sha256 }} from '{(SOURCE / 'bytes.mjs').as_uri()}';"
        "const hash = (_, size) => hex(sha256(new Uint8Array(size).fill(size)));"
        f"const all = Array.from({{ length: {SHA256_LENGTHS} }}, hash);"
        "console.log(JSON.stringify(all));"
    )
    wanted = [hashlib.sha256(bytes([size]) * size).hexdigest() for size in range(SHA256_LENGTHS)]
    assert node("--input-type=module", "--eval", script) == wanted
