// The Merkle tree over a page's salted records, and the audit path from one of them to the root.
//
// Source: RFC 9162 sections 2.1.1 (tree) and 2.1.3.2 (a path's verification); docs/format.md, leaves and salts.

import { sha256 } from './bytes.mjs';

export const SALT_BYTES = 16;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function saltOf(salt, place) {
    return sha256(salt, Uint8Array.of(place >>> 24, place >>> 16, place >>> 8, place)).subarray(0, SALT_BYTES);
}

export function leafOf(salt, record) {
    return sha256(LEAF, salt, record);
}

// Returns the tree hash of at least one leaf: neighbours are hashed together, a last one without neighbour goes up as it is.
export function rootOf(leaves) {
    let level = leaves;
    while (level.length > 1) {
        const above = [];
        for (let at = 0; at + 1 < level.length; at += 2) above.push(sha256(NODE, level[at], level[at + 1]));
        if (level.length % 2) above.push(level[level.length - 1]);
        level = above;
    }
    return level[0];
}

// Returns the root that a path leads to, null when a tree of `count` leaves has no such path. Places are BigInt.
export function rootByPath(leaf, place, count, path) {
    let last = count - 1n;
    let node = leaf;
    for (const beside of path) {
        if (last === 0n) return null;
        if (place % 2n === 1n || place === last) {
            node = sha256(NODE, beside, node);
            while (place % 2n === 0n && place !== 0n) {
                place >>= 1n;
                last >>= 1n;
            }
        } else {
            node = sha256(NODE, node, beside);
        }
        place >>= 1n;
        last >>= 1n;
    }
    return last === 0n ? node : null;
}
