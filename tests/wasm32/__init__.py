"""The pure logic once more on a MicroPython of 32 bits, where an integer beyond 30 bits is an object on the heap."""
