"""What hangs on the pins of a board: a vehicle on its control pilot, a meter's pulses, a clamp, a thermistor.

Plain classes and no imports but `math`: these run on boards' MicroPython as well, so that the same physics stand behind
the tests of both runtimes. Nothing here was compared with hardware.
"""
