// Find the pages and disclosures in a stream of bytes: one after another, and nothing else.
//
// Little more than one item is in memory. After damaged bytes the search goes on at the next place that begins like a page or
// disclosure, so that one fault does not hide what lies behind it.

import { found, joined, unhex } from './bytes.mjs';
import { DISCLOSURE_BYTES_MAX, DISCLOSURE_HEAD } from './disclosure.mjs';
import { COSE_SIGN1 } from './envelope.mjs';
import { PAGE_HEAD } from './page.mjs';
import { ITEM_BYTES_MAX, NotStrict, itemSize } from './strict.mjs';

const ENVELOPE_START = unhex('d2844da201260448');
const HEAD_BYTES = 3;
const BEGIN_BYTES = 1 + ENVELOPE_START.length;

// Yields [offset, bytes of an item or the NotStrict that is there instead] of what an iterable of Uint8Array holds.
export async function* pieces(chunks) {
    const shelf = new Shelf(chunks);
    while (await shelf.fill()) {
        const { offset } = shelf;
        let size;
        try {
            size = sizeOf(shelf.rest());
        } catch (wrong) {
            if (!(wrong instanceof NotStrict)) throw wrong;
            const skipped = await shelf.skipDamage();
            yield [offset, damage(wrong, skipped, !shelf.rest().length)];
            continue;
        }
        yield [offset, shelf.take(size)];
    }
}

function sizeOf(rest) {
    const begin = [rest[0], ...ENVELOPE_START.subarray(0, HEAD_BYTES - 1)].slice(0, rest.length);
    const known = rest[0] === PAGE_HEAD || rest[0] === DISCLOSURE_HEAD;
    if (!known || !begin.every((byte, place) => rest[place] === byte)) {
        throw new NotStrict('garbage', 'neither a page nor a disclosure begins here');
    }
    const size = itemSize(rest, rest[0] === PAGE_HEAD ? ITEM_BYTES_MAX : DISCLOSURE_BYTES_MAX, COSE_SIGN1, 1);
    // Also one whose first bytes only are inside: a page that was cut swallows the beginning of the next.
    if (nextBegin(rest.subarray(0, size + BEGIN_BYTES - 1), 1) >= 0) {
        throw new NotStrict('malformed', 'a page claims another page as its own content');
    }
    return size;
}

// Returns where the next page or disclosure begins at or after `from`, -1 when none does.
function nextBegin(bytes, from) {
    for (let at = found(bytes, ENVELOPE_START, from + 1); at >= 0; at = found(bytes, ENVELOPE_START, at + 1)) {
        if (bytes[at - 1] === PAGE_HEAD || bytes[at - 1] === DISCLOSURE_HEAD) return at - 1;
    }
    return -1;
}

function damage(wrong, skipped, atEnd) {
    if (!wrong.incomplete) return new NotStrict(wrong.fault, `${wrong.message}; ${skipped} bytes passed over`);
    if (atEnd) return new NotStrict('truncated', `the last ${skipped} bytes are the beginning of a page`);
    return new NotStrict('malformed', `a page claims more than there is; ${skipped} bytes passed over`);
}

// The part of the stream that is in memory; what lies before `at` is done with.
class Shelf {
    constructor(chunks) {
        this.source = chunks[Symbol.asyncIterator]?.() ?? chunks[Symbol.iterator]();
        this.ended = false;
        this.held = new Uint8Array();
        this.at = 0;
        this.offset = 0; // in the stream, of what begins at `at`
    }

    // Holds a whole item if there is one; false at the end of the stream.
    async fill() {
        while (this.held.length - this.at < DISCLOSURE_BYTES_MAX + BEGIN_BYTES && !this.ended) {
            const { done, value: chunk } = await this.source.next();
            this.ended = Boolean(done);
            if (done) break;
            this.held = joined(this.held.subarray(this.at), chunk);
            this.at = 0;
        }
        return this.at < this.held.length;
    }

    rest() {
        return this.held.subarray(this.at, this.at + DISCLOSURE_BYTES_MAX + BEGIN_BYTES);
    }

    take(size) {
        const taken = this.held.subarray(this.at, this.at + size);
        this.at += size;
        this.offset += size;
        return taken;
    }

    // Goes to the next beginning of an item, or to the end; returns how many bytes that was.
    async skipDamage() {
        const began = this.offset;
        this.take(1);
        while (await this.fill()) {
            const next = nextBegin(this.held, this.at);
            if (next >= 0) {
                this.take(next - this.at);
                break;
            }
            // The last bytes may be the first half of a beginning.
            const keep = this.ended ? 0 : BEGIN_BYTES - 1;
            this.take(Math.max(1, this.held.length - this.at - keep));
        }
        return this.offset - began;
    }
}
