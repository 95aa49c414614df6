// What somebody knows besides the first keys, as text of the page's fields: the same that `siteward verify` takes as options.

import { kidOf } from './envelope.mjs';
import { publicKeys } from './judge.mjs';

const HASH = /^[0-9a-f]{64}$/i;
const REVOKED = /^([0-9a-f]{16})(?:@(\d+))?$/i; // key id, first record number that it may not sign
const BEGUN = /^([0-9a-f]{16})=(\S+)$/i; // agent, public key
const words = (text) => text.split(/[\s,;]+/).filter(Boolean);

// Returns {options, wrong}: options for `judge`, and of each field the words that are none of what it holds.
export async function asked({ last, after, revoked, begun }, keys) {
    const options = { tails: hashes(last), starts: hashes(after), revoked: revokedKeys(revoked), begun: await begunKeys(begun, keys) };
    const wrong = {
        last: words(last).filter((word) => !HASH.test(word)),
        after: words(after).filter((word) => !HASH.test(word)),
        revoked: words(revoked).filter((word) => !REVOKED.test(word)),
        begun: words(begun).filter((word) => !options.begun.some(([, , given]) => given === word)),
    };
    return { options, wrong };
}

function hashes(text) {
    return words(text).map((word) => word.toLowerCase());
}

function revokedKeys(text) {
    const found = words(text).map((word) => REVOKED.exec(word)).filter(Boolean);
    return new Map(found.map(([, kid, seq]) => [kid.toLowerCase(), BigInt(seq ?? 0)]));
}

// The agent is one whose first key is trusted.
async function begunKeys(text, keys) {
    const agents = new Set(keys.map(kidOf));
    const found = [];
    for (const word of words(text)) {
        const [, agent, key] = BEGUN.exec(word) ?? [];
        const points = key && agents.has(agent.toLowerCase()) ? (await publicKeys(new TextEncoder().encode(key))).keys : [];
        if (points.length === 1) found.push([agent.toLowerCase(), points[0], word]);
    }
    return found;
}
