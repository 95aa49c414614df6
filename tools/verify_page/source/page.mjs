// One page by itself: layout, signature, signer, header, Merkle root and records.
//
// Source: docs/format.md, first section and "Records".

import { hex, same, sha256 } from './bytes.mjs';
import { COSE_SIGN1, envelopeOf, isBytes, payloadOf, signatureGood } from './envelope.mjs';
import { proofGood } from './keyring.mjs';
import { SALT_BYTES, leafOf, rootOf, saltOf } from './merkle.mjs';
import { baseOf, milliseconds, octets, readRecord, seconds, shown, uint, upTo } from './records.mjs';
import { ITEM_BYTES_MAX, NotStrict, decode } from './strict.mjs';

const HEADER_TYPE = 1n;
const VERSION = 1n;
export const PAGE_HEAD = 0x83; // array of three
const SEQ_MAX = 1n << 62n;
const number = (item) => uint(item) && item < SEQ_MAX;
const HEADER = [
    ['agent', octets(8)],
    ['epoch', number],
    ['firstSeq', number],
    ['count', (item) => number(item) && item > 0n],
    ['prev', octets(32)],
    ['root', octets(32)],
    ['baseS', seconds],
    ['civilS', seconds],
    ['clockQuality', upTo(3)],
    ['clockErrorMs', milliseconds],
];

// Returns {page, faults, stranger}: `page` is null when nobody known signed its records as a page; `stranger` is the known
// agent in whose name an unknown key signed.
export async function readPage(raw, keys) {
    try {
        if (raw.length > ITEM_BYTES_MAX) throw new NotStrict('oversize', `${raw.length} bytes, at most ${ITEM_BYTES_MAX}`);
        const { envelope, salt, records } = openPage(raw);
        const { header, refused } = await readHeader(envelope, keys);
        if (refused) return refused;
        const wrong = recordsWrong(header, salt, records);
        if (wrong) return { page: null, faults: [{ ...wrong, agent: header.agent, seq: header.firstSeq }] };
        const faults = [];
        const shownRecords = records.map((record, place) => [BigInt(place), record]);
        const page = { ...header, records: await readRecords(header, shownRecords, faults), size: raw.length };
        return { page, faults };
    } catch (wrong) {
        return { page: null, faults: [faultOf(wrong)] };
    }
}

function openPage(raw) {
    const parts = decode(raw, COSE_SIGN1, 1);
    if (!Array.isArray(parts) || parts.length !== 3) {
        throw new NotStrict('page_shape', 'not an array of envelope, salt and records');
    }
    const [sealed, salt, records] = parts;
    if (!isBytes(salt) || salt.length !== SALT_BYTES) throw new NotStrict('page_shape', `the salt must have ${SALT_BYTES} bytes`);
    if (!Array.isArray(records) || !records.length || !records.every(isBytes)) {
        throw new NotStrict('page_shape', 'the records must be byte strings, at least one');
    }
    return { envelope: envelopeOf(sealed), salt, records };
}

function recordsWrong(header, salt, records) {
    if (BigInt(records.length) !== header.count) {
        return { name: 'wrong_count', detail: `${records.length} records, the header counts ${header.count}` };
    }
    const root = rootOf(records.map((record, place) => leafOf(saltOf(salt, place), record)));
    return same(root, header.root) ? null : { name: 'wrong_root', detail: 'records and salt do not hash to the root' };
}

// Returns {header} once the signature was found good, else {refused}: what `readPage` returns in that case.
export async function readHeader(envelope, keys) {
    const known = keys.get(envelope.kid);
    if (!known) {
        const fault = { name: 'unknown_key', detail: `signed by key ${envelope.kid}`, agent: '', seq: null };
        return { refused: { page: null, faults: [fault], stranger: claimedAgent(envelope, keys) } };
    }
    try {
        if (!(await signatureGood(envelope, known.key))) {
            throw new NotStrict('bad_signature', 'the signature does not fit the header');
        }
        return { header: signedHeader(envelope, known.agent, keys) };
    } catch (wrong) {
        return { refused: { page: null, faults: [faultOf(wrong, known.agent)] } };
    }
}

function signedHeader(envelope, agent, keys) {
    const fields = headerFields(payloadOf(envelope));
    const header = { ...fields, agent: hex(fields.agent), kid: envelope.kid, hash: hex(sha256(envelope.payload)) };
    header.prev = hex(fields.prev);
    header.lastSeq = header.firstSeq + header.count - 1n;
    // Not a page of that agent, and no part of the signer's chain either.
    if (header.agent !== agent) throw new NotStrict('wrong_agent', `signed by a key of ${agent} for ${header.agent}`);
    if (keys.revoked(envelope.kid, header.lastSeq)) {
        throw new NotStrict('key_revoked', `records ${header.firstSeq} to ${header.lastSeq} by key ${envelope.kid}`);
    }
    return header;
}

function headerFields(payload) {
    if (payload[0] !== HEADER_TYPE) throw new NotStrict('wrong_type', `a payload of type ${payload[0]}, no header`);
    if (payload[1] !== VERSION) throw new NotStrict('unknown_version', `version ${shown(payload[1])}, known is ${VERSION}`);
    if (payload.length !== HEADER.length + 2) {
        throw new NotStrict('header_shape', `${payload.length} elements instead of ${HEADER.length + 2}`);
    }
    const fields = {};
    HEADER.forEach(([name, check], place) => {
        if (!check(payload[place + 2])) throw new NotStrict('header_shape', `${name} is ${shown(payload[place + 2])}`);
        fields[name] = payload[place + 2];
    });
    return fields;
}

// Returns the known agent that an unproven header names, '' when it names none.
function claimedAgent(envelope, keys) {
    try {
        const agent = hex(headerFields(payloadOf(envelope)).agent);
        return keys.knows(agent) ? agent : '';
    } catch (wrong) {
        faultOf(wrong);
        return '';
    }
}

// Reads records given as [place in the page, bytes]; what cannot be read becomes a fault.
export async function readRecords(header, placed, faults) {
    const found = [];
    const bases = new Map();
    for (const [place, raw] of placed) {
        const seq = header.firstSeq + place;
        try {
            const record = readRecord(raw, seq, bases);
            if (record.kind === 'key_change') record.proofGood = await proofGood(header.agent, record.fields);
            if (record.kind === 'reading' && record.base === null) bases.set(place, record);
            found.push(record);
        } catch (wrong) {
            const fault = faultOf(wrong, header.agent, seq);
            faults.push(baseHidden(fault, place, raw, placed) ? { ...fault, name: 'base_not_shown' } : fault);
        }
    }
    return found;
}

// Tells whether a delta's base is a record before it that is not among those shown.
function baseHidden(fault, place, raw, placed) {
    if (fault.name !== 'delta_base') return false;
    const base = baseOf(raw);
    return base < place && !placed.some(([shownPlace]) => shownPlace === base);
}

// Makes a fault of what was thrown; anything but a NotStrict is a defect of this program and goes on.
export function faultOf(wrong, agent = '', seq = null) {
    if (!(wrong instanceof NotStrict)) throw wrong;
    return { name: wrong.fault, detail: wrong.message, agent, seq };
}
