// Files in, report out: what the page does with what was dropped on it, and what tests do in node.

import { hex, unhex } from './bytes.mjs';
import { KEY_BYTES, importKey } from './envelope.mjs';
import { pieces } from './pagefile.mjs';
import { NotStrict } from './strict.mjs';
import { Verifier } from './verifier.mjs';

const SPKI_P256 = unhex('3059301306072a8648ce3d020106082a8648ce3d030107034200');
const PEM = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/g;

// Judges files, each {name, chunks: iterable of Uint8Array}. `onPiece(bytes, pieces, name)` is called after each piece.
export async function judge(files, keys, options = {}, onPiece = () => {}) {
    const verifier = new Verifier(keys, options);
    let count = 0;
    for (const { name, chunks } of files) {
        for await (const [offset, piece] of pieces(chunks)) {
            const place = `${name}, byte ${offset}`;
            if (piece instanceof NotStrict) {
                verifier.noteAll([{ name: piece.fault, detail: piece.message, agent: '', seq: null }], place);
            } else {
                await verifier.add(piece, place);
            }
            count += 1;
            onPiece(offset, count, name);
        }
    }
    return verifier.report();
}

// Finds public keys in what was pasted or in a key file: hex of 65 bytes, PEM, or the 65 bytes themselves.
// Returns {keys, wrong}: `wrong` are words that are no key of P-256.
export async function publicKeys(bytes) {
    if (bytes.length === KEY_BYTES && bytes[0] === 4) return checked([bytes], []);
    const text = new TextDecoder().decode(bytes);
    const inPem = [...text.matchAll(PEM)].map(([, body]) => pointOf(body));
    const words = text.replace(PEM, ' ').split(/[\s,;]+/).filter(Boolean);
    const inHex = words.map((word) => unhex(word.replaceAll(':', '')));
    const wrong = words.filter((_, n) => !inHex[n]);
    return checked([...inPem, ...inHex].filter(Boolean), wrong);
}

async function checked(points, wrong) {
    const keys = [];
    for (const point of points) {
        if (await importKey(point)) keys.push(point);
        else wrong.push(hex(point).slice(0, 24));
    }
    const distinct = [...new Map(keys.map((key) => [hex(key), key])).values()];
    return { keys: distinct, wrong };
}

function pointOf(base64) {
    const der = Uint8Array.from(atob(base64.replace(/\s/g, '')), (letter) => letter.charCodeAt(0));
    return hex(der).startsWith(hex(SPKI_P256)) ? der.subarray(SPKI_P256.length) : der;
}
