"""Test vectors of docs/format.md: files of pages with what a verifier has to say about each."""
