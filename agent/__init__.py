"""The heart: what is asked, allowed and done; what is measured, kept, proven and sent. No I/O but through hal.ports."""

VERSION = "0.1.0"
