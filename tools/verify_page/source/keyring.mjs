// Which keys sign for an agent: its first, which is trusted from outside, and what its own signed records begin and end.
//
// Source: docs/format.md, `key_change`. `Keys` knows whose key a kid names, so that a signature can be checked in whatever
// order pages come; `KeyRing` is one agent's keys in the order of its records, which decides.

import { joined, unhex } from './bytes.mjs';
import { kidOf, proven } from './envelope.mjs';

const BEGINS = 1n;
const STATEMENT = new TextEncoder().encode('siteward key:');

export class Keys {
    // `revoked`: kid in hex -> first record number that it may not sign.
    constructor(trusted, revoked = new Map()) {
        this.known = new Map(trusted.map((key) => [kidOf(key), { agent: kidOf(key), key }]));
        this.revokedFrom = revoked;
    }

    get(kid) {
        return this.known.get(kid);
    }

    knows(agent) {
        return this.known.get(agent)?.agent === agent;
    }

    revoked(kid, lastSeq) {
        return this.revokedFrom.has(kid) && lastSeq >= this.revokedFrom.get(kid);
    }

    // Takes a key that signs for an agent besides its first.
    learn(agent, key) {
        const kid = kidOf(key);
        if (!this.known.has(kid)) this.known.set(kid, { agent, key });
    }

    // Takes the keys that an agent's records begin; tells whether there was any.
    learnFrom(agent, records) {
        let found = false;
        for (const { kind, fields, proofGood } of records) {
            if (kind !== 'key_change' || fields.action !== BEGINS || !proofGood) continue;
            this.learn(agent, fields.key);
            found = true;
        }
        return found;
    }
}

// Tells whether a key that is begun proves that its owner wants to sign for this agent.
export async function proofGood(agent, { action, key, proof }) {
    return action === BEGINS && proof !== null && proven(proof, joined(STATEMENT, unhex(agent), key), key);
}

// The keys of one agent. A key is good behind the page that begins it.
export class KeyRing {
    constructor(agent) {
        this.begun = new Map([[agent, -1n]]); // kid -> last record of the page that began it
        this.ended = new Map();
    }

    // Returns what is wrong with the key that signed, or null.
    judge({ kid, firstSeq }) {
        if (!this.begun.has(kid) || firstSeq <= this.begun.get(kid)) return ['key_not_begun', `key ${kid}`];
        if (this.ended.has(kid) && firstSeq > this.ended.get(kid)) {
            return ['key_ended', `key ${kid}, which was good up to record ${this.ended.get(kid)}`];
        }
        return null;
    }

    // Takes one key_change of a page whose last record is `lastSeq`; returns what is wrong with it.
    change({ fields, proofGood }, lastSeq) {
        const kid = kidOf(fields.key);
        if (fields.action === BEGINS) {
            if (this.begun.has(kid)) return [['key_change_void', `key ${kid} is begun once more`]];
            if (!proofGood) return [['key_proof', `key ${kid}`]];
            this.begun.set(kid, lastSeq);
        } else if (!this.begun.has(kid) || this.ended.has(kid)) {
            return [['key_change_void', `key ${kid} is ended and was not good`]];
        } else {
            this.ended.set(kid, lastSeq);
        }
        return [];
    }
}
