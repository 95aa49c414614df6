// COSE_Sign1 envelopes with ES256, and the public keys that they are judged by.
//
// Source: docs/format.md; RFC 9052 section 4.4 (Sig_structure), RFC 9053 section 2.1 (ES256: r || s, as WebCrypto has it).

import { hex, joined, sha256 } from './bytes.mjs';
import { NotStrict, decode } from './strict.mjs';

export const COSE_SIGN1 = 18;
export const SIGNATURE_BYTES = 64;
export const KEY_BYTES = 65;
const ES256 = -7n;
const KID_BYTES = 8;
const P256 = { name: 'ECDSA', namedCurve: 'P-256' };
const ECDSA = { name: 'ECDSA', hash: 'SHA-256' };
const SIGNATURE1 = joined(Uint8Array.of(0x84, 0x6a), new TextEncoder().encode('Signature1'));
const imported = new Map();

export function isBytes(one) {
    return one instanceof Uint8Array;
}

export function kidOf(publicKey) {
    return hex(sha256(publicKey).subarray(0, KID_BYTES));
}

// Checks the layout of a decoded envelope. Throws NotStrict.
export function envelopeOf(parts) {
    if (!Array.isArray(parts) || parts.length !== 4) throw new NotStrict('envelope_shape', 'not tag 18 over an array of four');
    const [header, unprotected, payload, signature] = parts;
    if (!isBytes(header) || !isBytes(payload) || !isBytes(signature)) {
        throw new NotStrict('envelope_shape', 'header, payload and signature must be byte strings');
    }
    if (!(unprotected instanceof Map) || unprotected.size) {
        throw new NotStrict('envelope_shape', 'the unprotected header must be an empty map');
    }
    if (signature.length !== SIGNATURE_BYTES) {
        throw new NotStrict('envelope_shape', `a signature of ${signature.length} bytes instead of ${SIGNATURE_BYTES}`);
    }
    return { kid: kidNamed(header), header, payload, signature };
}

function kidNamed(header) {
    const named = decode(header);
    if (!(named instanceof Map) || named.size !== 2 || !named.has(1n) || !named.has(4n)) {
        throw new NotStrict('envelope_shape', 'the protected header must hold exactly algorithm and key id');
    }
    if (named.get(1n) !== ES256) throw new NotStrict('wrong_algorithm', `algorithm ${named.get(1n)} instead of ES256`);
    const kid = named.get(4n);
    if (!isBytes(kid) || kid.length !== KID_BYTES) throw new NotStrict('envelope_shape', 'the key id must have 8 bytes');
    return hex(kid);
}

export function signatureGood(envelope, publicKey) {
    const signed = joined(SIGNATURE1, byteString(envelope.header), byteString(new Uint8Array()), byteString(envelope.payload));
    return proven(envelope.signature, signed, publicKey);
}

// Tells whether the 64 bytes are this key's signature; a key that is no point of the curve has signed nothing.
export async function proven(signature, signed, publicKey) {
    const key = await importKey(publicKey);
    return key !== null && crypto.subtle.verify(ECDSA, key, signature, signed);
}

// Returns null when the bytes are no public key of P-256.
export function importKey(publicKey) {
    const name = hex(publicKey);
    if (!imported.has(name)) {
        const uncompressed = publicKey.length === KEY_BYTES && publicKey[0] === 4;
        const asked = uncompressed ? crypto.subtle.importKey('raw', publicKey, P256, true, ['verify']) : Promise.reject();
        imported.set(name, asked.catch(() => null));
    }
    return imported.get(name);
}

function byteString(bytes) {
    const size = bytes.length;
    if (size < 24) return joined(Uint8Array.of(0x40 + size), bytes);
    if (size < 256) return joined(Uint8Array.of(0x58, size), bytes);
    if (size < 65536) return joined(Uint8Array.of(0x59, size >> 8, size), bytes);
    return joined(Uint8Array.of(0x5a, size >>> 24, size >> 16, size >> 8, size), bytes);
}

// Decodes a payload whose signature was found good: an array that begins with its type. Throws NotStrict.
export function payloadOf(envelope) {
    const payload = decode(envelope.payload);
    if (!Array.isArray(payload) || payload.length < 2 || typeof payload[0] !== 'bigint') {
        throw new NotStrict('wrong_type', 'the payload is no array that begins with its type');
    }
    return payload;
}
