"""The page as a customer has it: one file, opened from a disk in headless Chromium, judged by what stands there."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter

import pytest

from tests.needs import needs_program
from tests.vectors.make import FOLDER
from tests.vectors.maker import Agent
from tests.vectors.test_vectors import VECTORS
from tests.verify_page.browser import running
from tools.verify_page.assemble import SOURCE, assembled

BY_NAME = {vector["name"]: vector for vector in VECTORS}
FINGERPRINTS = (
    "[...document.querySelectorAll('#fingerprints code')].map((one) => one.textContent.replaceAll(' ', '')).join()"
)
DER_BEFORE_POINT = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
PAGES_OF_A_LARGE_FILE = 1500
# A person who stops the first check as soon as its progress shows.
STOP_AT_ONCE = """new MutationObserver((_, observer) => {
    if (document.querySelector('#progress').hidden || !document.querySelector('#counted').textContent) return;
    window.seenWhenStopped = document.querySelector('#counted').textContent;
    observer.disconnect();
    document.querySelector('#stop').click();
}).observe(document.querySelector('#progress'), {attributes: true, subtree: true, childList: true}) || true"""
CONTRAST_MIN = 4.5  # WCAG 2.2, success criterion 1.4.3, level AA


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with running(needs_program("chromium"), tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    written = tmp_path_factory.mktemp("page") / "verify.html"
    written.write_text(assembled(), encoding="utf-8")
    return written.as_uri()


@pytest.fixture
def page(browser, address):
    opened = browser.page()
    opened.open(address)
    opened.until("document.documentElement.dataset.ready")
    yield opened
    assert not opened.told("Runtime.exceptionThrown")
    assert {request["request"]["url"] for request in opened.told("Network.requestWillBeSent")} == {address}


def trust(page, *keys):
    kids = ",".join(kid_of(key) for key in keys)
    if page.evaluate(FINGERPRINTS) != kids:
        page.type("#keys", "\n".join(keys))
        page.until(f"{FINGERPRINTS} === '{kids}'")


def kid_of(key):
    return hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]


def judge(page, *files):
    page.choose("#files", *files)
    chosen = ", ".join(file.name for file in files)
    page.until(f"document.querySelector('#chosen').textContent === '{chosen}' && document.querySelector('#result h2')")
    return page.text("#result")


def found_faults(page):
    rows = "[...document.querySelectorAll('[data-fault]')].map((one) => [one.dataset.fault, Number(one.dataset.count)])"
    return Counter(dict(page.evaluate(rows)))


def judge_vector(page, name):
    vector = BY_NAME[name]
    trust(page, *vector["keys"])
    return judge(page, FOLDER / vector["file"])


def tell(page, **fields):
    """Type into the fields under "More checks"; what is not named is empty."""
    page.evaluate("document.querySelector('details').open = true")
    for field in ("last", "after", "begun", "revoked"):
        given = "\n".join(fields.get(field, ()))
        if page.evaluate(f"document.querySelector('#{field}').value") != given:
            page.type(f"#{field}", given or " ")
            page.evaluate(f"document.querySelector('#{field}').blur()")


def known_of(vector):
    return {
        "last": vector["last_pages"],
        "after": vector["after"],
        "begun": [f"{agent}={key}" for agent, key in vector["begun"]],
        "revoked": [f"{kid}@{seq}" for kid, seq in vector["revoked"].items()],
    }


def test_a_good_file_is_told_in_plain_words(page):
    told = judge_vector(page, "linked_pages")
    assert "Everything here is proven" in told
    assert "6 pages with 13 records" in told
    assert "Agent 1569 64eb aa13 daa1" in told
    assert "21 Sept 2026, 14:13:20 to 21 Sept 2026, 15:30:20" in told
    assert re.search(r"grid\s+eastron-sdm630\s+drawn\s+0.088 kWh\s+1.008 kWh\s+1.096 kWh", told)
    assert "12 minutes good" in told
    assert page.evaluate("document.querySelectorAll('figure svg path').length") == 1
    assert page.evaluate("document.activeElement.textContent").endswith("Everything here is proven")


@pytest.mark.parametrize(
    ("name", "title", "sentence"),
    [
        ("signed_with_another_key", "The signature does not hold", "or never signed with this key."),
        ("record_edited", "Something was changed after it was signed", "They are not the ones that were signed."),
        ("middle_page_removed", "Something is missing", "records 3 to 4 are missing"),
        ("pages_reordered", "The order is not as it was signed", "A page stands behind a later one."),
        ("energy_fell", "What the records say cannot be", "do not settle on these numbers"),
        ("no_evidence_at_all", "The file holds something else", "neither a page nor a disclosure"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_in_plain_words(page, name, title, sentence):
    told = judge_vector(page, name)
    assert title in told
    assert sentence in told
    assert "proven" not in told


def test_all_vectors_show_exactly_their_faults(page):
    wrong = {}
    for vector in VECTORS:
        trust(page, *vector["keys"])
        page.choose("#files")
        tell(page, **known_of(vector))
        judge(page, FOLDER / vector["file"])
        found = found_faults(page)
        good = page.evaluate("document.querySelector('#result .verdict').classList.contains('good')")
        if found != Counter(fault[0] for fault in vector["faults"]) or good != (not vector["faults"]):
            wrong[vector["name"]] = found
    assert not wrong


def test_files_and_keys_may_be_dropped(page, tmp_path):
    vector = BY_NAME["one_page"]
    key_file = tmp_path / "agent.hex"
    key_file.write_text(vector["keys"][0])
    page.drop("#drop", FOLDER / vector["file"])
    page.until("!document.querySelector('#ask').hidden")
    page.drop("#key-area", key_file)
    page.until("document.querySelector('#result h2')")
    assert "Everything here is proven" in page.text("#result")


def test_without_a_key_it_asks_for_one_and_then_goes_on(page):
    page.choose("#files", FOLDER / BY_NAME["one_page"]["file"])
    page.until("!document.querySelector('#ask').hidden")
    assert not page.evaluate("document.querySelector('#result').children.length")
    trust(page, *BY_NAME["one_page"]["keys"])
    page.until("document.querySelector('#result h2')")
    assert "Everything here is proven" in page.text("#result")


def test_a_key_may_come_as_a_file(page, tmp_path):
    (key,) = BY_NAME["one_page"]["keys"]
    body = base64.encodebytes(DER_BEFORE_POINT + bytes.fromhex(key)).decode()
    for name, content in (
        ("agent.pem", f"-----BEGIN PUBLIC KEY-----\n{body}-----END PUBLIC KEY-----\n".encode()),
        ("agent.hex", key.encode()),
        ("agent.key", bytes.fromhex(key)),
    ):
        (tmp_path / name).write_bytes(content)
        page.type("#keys", " ")
        page.until(f"{FINGERPRINTS} === ''")
        page.choose("#key-file", tmp_path / name)
        assert page.until(f"{FINGERPRINTS} === '{kid_of(key)}'")


def test_what_is_no_key_is_named(page):
    for wrong in ("04" + "00" * 64, "hello"):
        page.type("#keys", wrong)
        assert page.until(f"document.querySelector('#fingerprints .wrong')?.textContent.includes('{wrong[:20]}')")


def test_a_known_last_page_shows_a_cut_off_end(page):
    vector = BY_NAME["last_page_removed"]
    assert "Everything here is proven" in judge_vector(page, vector["name"])
    page.evaluate("document.querySelector('details').open = true")
    page.type("#last", vector["last_pages"][0])
    page.evaluate("document.querySelector('#last').blur()")
    page.until("document.querySelector('[data-fault]')")
    assert found_faults(page) == {"missing_tail": 1}


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("last", "beef"),
        ("after", "00" * 31),
        ("revoked", "beef@1"),
        ("revoked", "00" * 8 + "@x"),
        ("begun", "00" * 8 + "=" + VECTORS[0]["keys"][0]),
        ("begun", "x"),
    ],
)  # fmt: skip
def test_what_a_field_cannot_hold_is_said_and_nothing_is_judged(page, field, given):
    trust(page, *BY_NAME["one_page"]["keys"])
    tell(page, **{field: [given]})
    page.choose("#files", FOLDER / BY_NAME["one_page"]["file"])
    page.until(f"!document.querySelector('#{field}-wrong').hidden")
    assert page.text("#result") == ""


def test_several_files_make_one_chain(page, tmp_path):
    vector = BY_NAME["linked_pages"]
    raw = (FOLDER / vector["file"]).read_bytes()
    cut = raw.index(bytes.fromhex("83d284"), len(raw) // 2)
    (tmp_path / "1.pages").write_bytes(raw[:cut])
    (tmp_path / "2.pages").write_bytes(raw[cut:])
    trust(page, *vector["keys"])
    assert "6 pages with 13 records in 2 files" in judge(page, tmp_path / "1.pages", tmp_path / "2.pages")


def test_a_large_file_shows_how_far_it_is_and_can_be_stopped(page, tmp_path):
    agent = Agent()
    large = tmp_path / "large.pages"
    large.write_bytes(b"".join(made.raw() for made in agent.pages(PAGES_OF_A_LARGE_FILE)))
    trust(page, agent.keys[0].hex())
    page.evaluate(STOP_AT_ONCE)
    page.choose("#files", large)
    page.until("window.seenWhenStopped && document.querySelector('#progress').hidden")
    assert re.fullmatch(r"\d+ pages, [\d.]+ of [\d.]+ MB", page.evaluate("window.seenWhenStopped"))
    assert page.text("#result") == ""
    assert f"{PAGES_OF_A_LARGE_FILE} pages" in judge(page, large).replace("\u202f", "")


def test_it_can_send_nothing(page):
    asked = """new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
        fetch('https://example.invalid/').catch(() => {});
    })"""
    assert page.evaluate(asked) == "connect-src"


def test_names_in_a_file_stay_text(page):
    told = judge_vector(page, "names_that_programs_trip_over")
    assert "<b>&amp;" in told
    assert not page.evaluate("document.querySelectorAll('#result b').length")


def test_everything_is_reached_by_keyboard(page):
    judge_vector(page, "energy_fell")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0); document.querySelector('h1').tabIndex = -1")
    page.evaluate("document.querySelector('h1').focus()")
    reached = []
    for _ in range(7):
        page.press("Tab", 9)
        reached.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
    assert reached == ["keys", "key-file", "files", "SUMMARY", "SUMMARY", "wide", "BODY"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    style = (SOURCE / "style.css").read_text()
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w{6})", part)) for part in style.split("@media (prefers-color-scheme: dark)")
    )
    colours = light if scheme == "light" else dark
    pairs = [(ink, ground) for ink in ("ink", "quiet", "accent", "bad") for ground in ("ground", "card")]
    pairs += [
        ("accent-ink", "accent"),
        ("ink", "good-ground"),
        ("ink", "bad-ground"),
        ("quiet", "good-ground"),
        ("card", "bad"),
    ]
    for ink, ground in pairs:
        assert contrast(colours[ink], colours[ground]) >= CONTRAST_MIN, (ink, ground)


def contrast(one, other):
    """WCAG 2.2, definitions of contrast ratio and relative luminance."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
