"""The second verifier: one HTML page in plain JavaScript that judges evidence in a browser, offline.

`source/` holds its modules, its frame and its style; `index.html` is all of them in one file, put together by
`python -m tools.verify_page.assemble`. tests/verify_page checks that it is up to date.
"""
