"""A key inside a token: made there, shown, lost and found again; whatever is wrong with it is one sentence.

The token is SoftHSM 2, a PKCS #11 module that nobody here wrote.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, ObjectClass

from boards.cpython import pkcs11_signer
from boards.cpython.keys import signer_of
from boards.cpython.pkcs11_signer import TokenSigner
from boards.cpython.pkcs11_token import P256, Token
from boards.cpython.private_file import KeyFileError
from boards.cpython.token_uri import TokenError, TokenUri
from tests.boards.test_gateway_start import run, site
from tests.needs import ROOT
from tests.softhsm import PIN, SoftToken
from tools import token_key
from tools.demo.layout import toml
from tools.errors import UsageError
from tools.wire import key_id

DIGEST = hashlib.sha256(b"sample").digest()


@pytest.fixture
def hsm(tmp_path, monkeypatch):
    return SoftToken(tmp_path, monkeypatch)


@pytest.fixture
def key(hsm):
    """Return the public key of the pair `agent`, made inside the token."""
    return token_key.new(hsm.uri(), hsm.folder)


def siteward(*arguments):
    command = [sys.executable, "-m", "tools.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def refused(hsm, uri):
    with pytest.raises(TokenError) as caught:
        TokenSigner(uri, hsm.folder)
    sentence = str(caught.value)
    assert PIN not in sentence and "\n" not in sentence
    return sentence


async def test_a_key_made_inside_signs_and_cannot_be_taken_out(hsm, key):
    signer = signer_of(hsm.folder, hsm.uri())
    assert signer.public_key == key and signer.key_id == key_id(key)
    assert await signer.verify(key, DIGEST, await signer.sign(DIGEST))
    private = Token(TokenUri(hsm.uri(), hsm.folder))._one(ObjectClass.PRIVATE_KEY)
    assert private[Attribute.SENSITIVE] and not private[Attribute.EXTRACTABLE] and private[Attribute.LOCAL]
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        private[Attribute.VALUE]


async def test_two_signatures_of_one_digest_differ_and_both_verify(hsm, key):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    first, second = await signer.sign(DIGEST), await signer.sign(DIGEST)
    assert first != second
    assert await signer.verify(key, DIGEST, first) and await signer.verify(key, DIGEST, second)


async def test_a_lost_session_is_opened_again(hsm, key):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    pkcs11.lib(str(hsm.module)).reinitialize()  # the module forgets every session, as after its daemon's restart
    assert await signer.verify(key, DIGEST, await signer.sign(DIGEST))


async def test_a_token_that_is_gone_for_good_ends_in_an_error(hsm, key):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    hsm.remove()
    pkcs11.lib(str(hsm.module)).reinitialize()
    for _ in range(2):
        with pytest.raises(TokenError, match="has no token 'gateway'"):
            await signer.sign(DIGEST)


async def test_another_key_under_the_same_name_is_not_signed_with(hsm, key):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    token_key.erase(hsm.uri(), hsm.folder)
    token_key.new(hsm.uri(), hsm.folder)
    with pytest.raises(TokenError, match="another key lies there now"):
        await signer.sign(DIGEST)


async def test_others_get_their_turn_while_a_slow_token_signs(hsm, key):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    with hsm.held():
        signing = asyncio.create_task(signer.sign(DIGEST))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not signing.done()
    assert await signer.verify(key, DIGEST, await signing)


async def test_a_token_that_never_answers_is_given_up_and_asked_again_later(hsm, key, monkeypatch):
    signer = TokenSigner(hsm.uri(), hsm.folder)
    with hsm.held(), monkeypatch.context() as hurry:
        hurry.setattr(pkcs11_signer, "ANSWER_S", 0.05)
        with pytest.raises(TokenError, match=r"no answer within"):
            await signer.sign(DIGEST)
    assert await signer.verify(key, DIGEST, await signer.sign(DIGEST))


def test_a_token_that_hangs_does_not_keep_the_program_from_ending(hsm, key):
    program = f"""
import asyncio
from pathlib import Path
from boards.cpython import pkcs11_signer
pkcs11_signer.ANSWER_S = 0.1
signer = pkcs11_signer.TokenSigner({hsm.uri()!r}, Path({str(hsm.folder)!r}))
input("found\\n")
asyncio.run(signer.sign(bytes(32)))
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-u", "-c", program]
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdout is not None and running.stdout.readline() == "found\n"
        with hsm.held():
            _, said = running.communicate("go\n", timeout=20)
    assert "TokenError" in said and "no answer within 0.1 s" in said


async def test_the_loop_is_held_for_less_than_a_signature_in_software(hsm, key):
    signer, longest_s = TokenSigner(hsm.uri(), hsm.folder), 0.0
    signing = asyncio.create_task(signer.sign(DIGEST))
    while not signing.done():
        before = time.thread_time()  # not what other programs take
        await asyncio.sleep(0)
        longest_s = max(longest_s, time.thread_time() - before)
    assert longest_s < 0.05


def test_a_module_that_is_none_is_named(hsm):
    assert "no PKCS #11 module /no/such.so" in refused(hsm, "pkcs11:token=a;object=b?module-path=/no/such.so")
    assert f"module {hsm.pin_file}: " in refused(hsm, f"pkcs11:token=a;object=b?module-path={hsm.pin_file}")


def test_a_token_that_is_absent_or_there_twice_is_named(hsm, key):
    assert refused(hsm, hsm.uri(token="other")) == f"module {hsm.module} has no token 'other'"
    hsm.init("gateway")
    assert "has several tokens 'gateway'" in refused(hsm, hsm.uri())


def test_a_wrong_pin_is_refused_without_being_repeated(hsm, key):
    for wrong in ("0000000", "1"):
        hsm.pin_file.write_text(wrong)
        assert refused(hsm, hsm.uri()) == "token 'gateway': refuses the PIN"
    hsm.pin_file.write_text("")
    assert refused(hsm, hsm.uri()) == f"token 'gateway': no PIN in {hsm.pin_file}"


def test_the_pin_may_stand_in_the_environment_and_never_in_the_configuration(hsm, key, monkeypatch):
    assert refused(hsm, hsm.uri(pin="")) == "token 'gateway': no PIN in the environment variable SITEWARD_PIN"
    monkeypatch.setenv("SITEWARD_PIN", PIN)
    assert TokenSigner(hsm.uri(pin=""), hsm.folder).public_key == key
    for wrong in ("", "&colour=green", "&module-path=/twice"):  # whatever else is wrong, the PIN is not repeated
        assert "no place in a configuration" in refused(hsm, hsm.uri(pin=f"{wrong}&pin-value={PIN}"))


def test_a_pin_file_that_others_may_read_is_refused(hsm, key):
    hsm.pin_file.chmod(0o644)
    with pytest.raises(KeyFileError, match=r"agent\.pin: group or others .* chmod 600"):
        TokenSigner(hsm.uri(), hsm.folder)


def test_a_key_that_is_missing_doubled_or_of_another_curve_is_named(hsm, key):
    assert (
        refused(hsm, hsm.uri("other")) == "key 'other' in token 'gateway': there are no private EC keys of this label"
    )
    hsm.put(ec.generate_private_key(ec.SECP384R1()), "wide")
    assert refused(hsm, hsm.uri("wide")) == "key 'wide' in token 'gateway': not a P-256 key"
    hsm.put(ec.generate_private_key(ec.SECP256R1()), "agent", "b2")
    assert "there are several private EC keys of this label" in refused(hsm, hsm.uri())


def test_a_key_that_the_token_would_hand_out_is_refused(hsm):
    session = Token(TokenUri(hsm.uri(), hsm.folder), writable=True)._session
    curve = session.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P256}, local=True)
    curve.generate_keypair(
        label="agent", store=True, private_template={Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False}
    )
    assert "would hand it out" in refused(hsm, hsm.uri())


def test_a_public_key_of_another_pair_under_the_same_label_is_found_out(hsm, key):
    token_key.new(hsm.uri("other"), hsm.folder)
    session = Token(TokenUri(hsm.uri(), hsm.folder), writable=True)._session
    wanted = {label: {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: label} for label in ("agent", "other")}
    [own] = session.get_objects(wanted["agent"])
    [lone] = session.get_objects(wanted["other"])
    own.destroy()
    lone[Attribute.LABEL] = "agent"
    assert "does not verify with the public key of the same label" in refused(hsm, hsm.uri())


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("pkcs11:", "token is missing"),
        ("pkcs11:token=a;object=b", "module-path is missing"),
        ("pkcs11:token=a;object=?module-path=/m", "'object' is unknown, empty or stands twice"),
        ("pkcs11:token=a;token=b;object=b?module-path=/m", "'token' is unknown, empty or stands twice"),
        ("pkcs11:token=a;object=b;colour=green?module-path=/m", "'colour' is unknown"),
        ("pkcs11:token=a;object=b;type=cert?module-path=/m", "a private key signs"),
    ],
)
def test_a_name_that_is_none_is_refused_with_what_is_wrong(tmp_path, uri, said):
    with pytest.raises(TokenError, match=said):
        TokenUri(uri, tmp_path)


def test_a_name_may_be_escaped(tmp_path):
    uri = TokenUri("pkcs11:token=my%20token;object=a%3Bb;type=private?module-path=/m&pin-source=p", tmp_path)
    assert (uri.token, uri.key, uri.pin_file) == ("my token", "a;b", tmp_path / "p")


def test_the_command_makes_a_key_inside_once_and_shows_it(hsm, monkeypatch):
    monkeypatch.setenv("SITEWARD_PIN", PIN)
    uri = hsm.uri(pin="")
    made = siteward("key", "new", uri)
    assert made.returncode == 0 and made.stdout.startswith('public_key = "04'), made.stderr
    assert siteward("key", "show", uri).stdout == made.stdout
    again = siteward("key", "new", uri)
    assert again.returncode == 2 and "a key is never overwritten" in again.stderr
    assert siteward("key", "new", uri, "--raw").returncode == 2
    assert PIN not in made.stdout + made.stderr + again.stderr


def test_erasing_a_key_leaves_those_of_other_labels(hsm, key):
    other = token_key.new(hsm.uri("other"), hsm.folder)
    assert token_key.erase(hsm.uri(), hsm.folder) == 2
    assert token_key.erase(hsm.uri(), hsm.folder) == 0
    assert token_key.show(hsm.uri("other"), hsm.folder) == other
    with pytest.raises(UsageError, match="no private EC keys"):
        token_key.show(hsm.uri(), hsm.folder)


def test_a_site_whose_token_is_absent_is_refused_in_one_sentence(hsm, tmp_path):
    tree = site(tmp_path, os.devnull)
    tree["agent"]["key"] = hsm.uri(token="other")
    assert run(tmp_path, tree) == f"siteward: [agent] key: module {hsm.module} has no token 'other'\n"


def test_an_agent_signs_with_the_token_and_ends_in_one_sentence_when_it_is_gone(hsm, key, serial_port):
    tree = site(hsm.folder, serial_port)
    tree["agent"] = {"key": hsm.uri(), "page_s": 1, "reading_s": 1}
    (hsm.folder / "SITE.toml").write_text(toml(tree))
    command = [sys.executable, "-m", "tools.cli", "run", "--json", str(hsm.folder / "SITE.toml")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None and agent.stderr is not None
        assert json.loads(agent.stdout.readline())["agent"] == key_id(key).hex()
        hsm.remove()
        said = agent.stderr.read()
        assert agent.wait(30) == 2
    assert said == f"siteward: [agent] key: module {hsm.module} has no token 'gateway'\n"
