// Records that somebody chose to show: each is proven by itself, of what was left out nothing is known.
//
// Source: docs/format.md, `disclosure`; RFC 9162 section 2.1.3.2.

import { same } from './bytes.mjs';
import { COSE_SIGN1, envelopeOf, isBytes } from './envelope.mjs';
import { SALT_BYTES, leafOf, rootByPath } from './merkle.mjs';
import { faultOf, readHeader, readRecords } from './page.mjs';
import { octets, uint } from './records.mjs';
import { ITEM_BYTES_MAX, NotStrict, decode } from './strict.mjs';

export const DISCLOSURE_HEAD = 0x82; // array of two
export const DISCLOSURE_BYTES_MAX = 2 * ITEM_BYTES_MAX;
const isSalt = octets(SALT_BYTES);
const isHash = octets(32);

// Returns {disclosed, faults, stranger}; `disclosed` is null when nobody known signed its header.
export async function readDisclosure(raw, keys) {
    try {
        const { envelope, rows } = openDisclosure(raw);
        const { header, refused } = await readHeader(envelope, keys);
        if (refused) return { ...refused, disclosed: null };
        const faults = [];
        const proven = rows.filter(isProven(header, faults));
        const records = await readRecords(header, proven.map(([place, , record]) => [place, record]), faults);
        return { disclosed: { ...header, records, size: raw.length }, faults };
    } catch (wrong) {
        return { disclosed: null, faults: [faultOf(wrong)] };
    }
}

function openDisclosure(raw) {
    if (raw.length > DISCLOSURE_BYTES_MAX) throw new NotStrict('oversize', `${raw.length} bytes, at most ${DISCLOSURE_BYTES_MAX}`);
    const parts = decode(raw, COSE_SIGN1, 1, DISCLOSURE_BYTES_MAX);
    if (!Array.isArray(parts) || parts.length !== 2 || !Array.isArray(parts[1]) || !parts[1].length) {
        throw new NotStrict('disclosure_shape', 'not an array of an envelope and disclosed records');
    }
    const envelope = envelopeOf(parts[0]);
    parts[1].forEach(checkRow);
    return { envelope, rows: parts[1] };
}

function checkRow(row) {
    if (!Array.isArray(row) || row.length !== 4) {
        throw new NotStrict('disclosure_shape', 'a disclosed record is not index, salt, record and path');
    }
    const [place, salt, record, path] = row;
    if (!uint(place) || !isSalt(salt) || !isBytes(record)) {
        throw new NotStrict('disclosure_shape', 'a disclosed record is not as it must be');
    }
    if (!Array.isArray(path) || !path.every(isHash)) {
        throw new NotStrict('disclosure_shape', `the path of index ${place} is not a list of hashes`);
    }
}

// Returns a filter that lets through what leads to the signed root; the rest becomes faults.
function isProven(header, faults) {
    let last = -1n;
    const { agent, firstSeq, count } = header;
    return ([place, salt, record, path]) => {
        if (place <= last || place >= count) {
            faults.push({ name: 'wrong_index', detail: `index ${place} after ${last} in a page of ${count}`, agent, seq: firstSeq });
            return false;
        }
        last = place;
        const root = rootByPath(leafOf(salt, record), place, count, path);
        if (root && same(root, header.root)) return true;
        faults.push({ name: 'bad_path', detail: `index ${place} with a path of ${path.length}`, agent, seq: firstSeq + place });
        return false;
    };
}
