// Byte strings: hexadecimal, comparison, SHA-256.
//
// Source: FIPS 180-4, sections 4.1.2, 5 and 6.2. WebCrypto's digest is asynchronous and costs some 30 µs a call; a page has
// hundreds of small hashes, so this one is computed here. Signatures are WebCrypto's.

const ROUND = new Uint32Array([
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;
const words = new Uint32Array(BLOCK_BYTES);

export function sha256(...parts) {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const padded = new Uint8Array(Math.ceil((size + 1 + LENGTH_BYTES) / BLOCK_BYTES) * BLOCK_BYTES);
    let at = 0;
    for (const part of parts) {
        padded.set(part, at);
        at += part.length;
    }
    padded[size] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(size / 2 ** 29));
    view.setUint32(padded.length - 4, size * 8);
    const state = Uint32Array.from(START);
    for (let block = 0; block < padded.length; block += BLOCK_BYTES) compress(state, view, block);
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, place) => digest.setUint32(4 * place, word));
    return new Uint8Array(digest.buffer);
}

function compress(state, view, block) {
    for (let n = 0; n < 16; n++) words[n] = view.getUint32(block + 4 * n);
    for (let n = 16; n < 64; n++) {
        const early = words[n - 15];
        const late = words[n - 2];
        const sigma0 = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
        const sigma1 = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
        words[n] = words[n - 16] + sigma0 + words[n - 7] + sigma1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let n = 0; n < 64; n++) {
        const sum1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
        const first = (h + sum1 + ((e & f) ^ (~e & g)) + ROUND[n] + words[n]) | 0;
        const sum0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
        const second = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + first) | 0;
        d = c;
        c = b;
        b = a;
        a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, place) => {
        state[place] += word;
    });
}

function turned(word, by) {
    return (word >>> by) | (word << (32 - by));
}

export function hex(bytes) {
    let text = '';
    for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
    return text;
}

// Returns null when the text is no hexadecimal.
export function unhex(text) {
    if (text.length % 2 || !/^[0-9a-f]*$/i.test(text)) return null;
    return Uint8Array.from({ length: text.length / 2 }, (_, place) => parseInt(text.slice(2 * place, 2 * place + 2), 16));
}

export function same(one, other) {
    return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

export function joined(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

// Returns the first place at or after `from` where `wanted` stands, -1 where it does not.
export function found(bytes, wanted, from = 0) {
    for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
        if (at + wanted.length > bytes.length) return -1;
        if (wanted.every((byte, place) => bytes[at + place] === byte)) return at;
    }
    return -1;
}
