// Which record numbers an agent's pages, or its disclosures, have covered so far, to tell a page that came twice from a fork.

export class Known {
    constructor() {
        this.pages = []; // {firstSeq, lastSeq, hash} by rising numbers; none overlaps another
    }

    add({ firstSeq, lastSeq, hash }) {
        this.pages.splice(this.before(firstSeq) + 1, 0, { firstSeq, lastSeq, hash });
    }

    // Forgets a page that was added and is none of this chain.
    drop({ firstSeq }) {
        const at = this.before(firstSeq);
        if (at >= 0 && this.pages[at].firstSeq === firstSeq) this.pages.splice(at, 1);
    }

    has({ firstSeq, lastSeq, hash }) {
        const page = this.pages[this.before(firstSeq)];
        return page?.firstSeq === firstSeq && page.lastSeq === lastSeq && page.hash === hash;
    }

    overlaps({ firstSeq, lastSeq }) {
        const page = this.pages[this.before(lastSeq)];
        return page !== undefined && page.lastSeq >= firstSeq;
    }

    // Tells whether another page was seen that has any of its numbers.
    contradicts(page) {
        return this.overlaps(page) && !this.has(page);
    }

    // Returns the place of the last page that begins at or before a number, -1 when none does.
    before(seq) {
        let [low, high] = [0, this.pages.length];
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.pages[middle].firstSeq <= seq) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }
}
