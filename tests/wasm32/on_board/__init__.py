"""What the 32-bit MicroPython runs besides the shared tests; CPython never imports it."""
