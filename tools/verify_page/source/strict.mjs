// Deterministic CBOR, as strict as the format: first the bytes are judged, then decoded.
//
// Source: docs/format.md, first section; RFC 8949 sections 3 and 4.2.1. Integers become BigInt, as they have up to 64 bits;
// byte strings Uint8Array, maps Map. The walk keeps an explicit stack and never allocates what a head claims.

export const DEPTH_MAX = 8;
export const ITEM_BYTES_MAX = 65536;
const [UINT, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE] = [0, 1, 2, 3, 4, 5, 6, 7];
const SIMPLE_ALLOWED = new Map([[20, false], [21, true], [22, null]]);
const LONG_FORMS = new Map([[24, [1, 24n]], [25, [2, 1n << 8n]], [26, [4, 1n << 16n]], [27, [8, 1n << 32n]]]); // bytes, least
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class NotStrict extends Error {
    constructor(fault, detail, incomplete = false) {
        super(detail);
        this.fault = fault;
        this.incomplete = incomplete; // the item may be good but is not all there
    }
}

// Returns the size of the first item in `raw`; `tag` is the only tag allowed, at byte `tagAt`.
export function itemSize(raw, sizeMax, tag = -1, tagAt = 0) {
    const stack = [{ left: 1, keyed: false, lastKey: -1n }];
    let at = 0;
    while (stack.length) {
        const frame = stack[stack.length - 1];
        if (frame.left === 0) {
            stack.pop();
            continue;
        }
        const first = at;
        const [major, argument, body] = head(raw, at);
        at = body;
        count(frame, major, argument, first);
        if (major === BYTES || major === TEXT) {
            at = skipString(raw, major, at, argument, sizeMax);
        } else if (major === TAG && (first !== tagAt || argument !== BigInt(tag))) {
            throw new NotStrict('forbidden_type', `tag ${argument} at byte ${first}`);
        } else if (major === ARRAY || major === MAP || major === TAG) {
            const left = major === TAG ? 1n : argument * (major === MAP ? 2n : 1n);
            if (BigInt(at) + left > BigInt(sizeMax)) throw new NotStrict('oversize', `${argument} elements claimed at byte ${first}`);
            if (stack.length > DEPTH_MAX) throw new NotStrict('too_deep', `more than ${DEPTH_MAX} levels at byte ${first}`);
            stack.push({ left: Number(left), keyed: major === MAP, lastKey: -1n });
        }
    }
    return at;
}

export function checkWhole(raw, tag = -1, tagAt = 0, sizeMax = ITEM_BYTES_MAX) {
    const size = itemSize(raw, sizeMax, tag, tagAt);
    if (size !== raw.length) throw new NotStrict('trailing_bytes', `${raw.length - size} bytes after the item`);
}

// Returns the one item that `raw` is. Throws NotStrict.
export function decode(raw, tag = -1, tagAt = 0, sizeMax = ITEM_BYTES_MAX) {
    checkWhole(raw, tag, tagAt, sizeMax);
    return item(raw, 0)[0];
}

// One item is taken off; in a map every other one is a key: unsigned, and rising.
function count(frame, major, argument, first) {
    const isKey = frame.keyed && frame.left % 2 === 0;
    frame.left -= 1;
    if (!isKey) return;
    if (major !== UINT) throw new NotStrict('forbidden_type', `a map key that is no unsigned integer at byte ${first}`);
    if (argument <= frame.lastKey) throw new NotStrict('not_deterministic', `map keys not in rising order at byte ${first}`);
    frame.lastKey = argument;
}

// Returns major type, argument and the place after the head.
function head(raw, at) {
    if (at >= raw.length) throw incomplete(at);
    const major = raw[at] >> 5;
    const short = raw[at] & 31;
    if (short === 31) throw new NotStrict('not_deterministic', `indefinite length or break at byte ${at}`);
    if (major === SIMPLE && !SIMPLE_ALLOWED.has(short)) {
        throw new NotStrict('forbidden_type', `float, undefined or simple value at byte ${at}`);
    }
    if (short < 24) return [major, BigInt(short), at + 1];
    if (!LONG_FORMS.has(short)) throw new NotStrict('malformed', `reserved head ${raw[at].toString(16)} at byte ${at}`);
    const [size, least] = LONG_FORMS.get(short);
    const end = at + 1 + size;
    if (end > raw.length) throw incomplete(at);
    let argument = 0n;
    for (let place = at + 1; place < end; place++) argument = (argument << 8n) | BigInt(raw[place]);
    if (argument < least) throw new NotStrict('not_deterministic', `integer not in its shortest form at byte ${at}`);
    return [major, argument, end];
}

function skipString(raw, major, at, size, sizeMax) {
    if (BigInt(at) + size > BigInt(sizeMax)) throw new NotStrict('oversize', `a string of ${size} bytes claimed at byte ${at}`);
    const end = at + Number(size);
    if (end > raw.length) throw incomplete(at);
    if (major === TEXT) {
        try {
            utf8.decode(raw.subarray(at, end));
        } catch {
            throw new NotStrict('malformed', `text that is not UTF-8 at byte ${at}`);
        }
    }
    return end;
}

function incomplete(at) {
    return new NotStrict('truncated', `the bytes end inside an item, at byte ${at}`, true);
}

// Returns an item of judged bytes, and where it ends; a tag, which only an envelope has, gives what it stands before.
function item(raw, at) {
    const [major, argument, body] = head(raw, at);
    if (major === UINT) return [argument, body];
    if (major === NEGATIVE) return [-1n - argument, body];
    if (major === SIMPLE) return [SIMPLE_ALLOWED.get(Number(argument)), body];
    if (major === TAG) return item(raw, body);
    const size = Number(argument);
    if (major === BYTES) return [raw.subarray(body, body + size), body + size];
    if (major === TEXT) return [utf8.decode(raw.subarray(body, body + size)), body + size];
    return several(raw, body, size, major);
}

function several(raw, at, size, major) {
    const items = [];
    for (let left = major === MAP ? 2 * size : size; left > 0; left--) {
        const [next, end] = item(raw, at);
        items.push(next);
        at = end;
    }
    if (major === ARRAY) return [items, at];
    return [new Map(Array.from({ length: size }, (_, pair) => [items[2 * pair], items[2 * pair + 1]])), at];
}
