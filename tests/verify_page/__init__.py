"""The browser's verifier: in node against all vectors, and as a page in headless Chromium."""
