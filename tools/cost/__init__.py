"""What a home pays for its electricity: uncontrolled, with the real agent and its local plan, and at least (a bound).

Recorded base load, yield of the sun, day-ahead prices and temperatures; simulated devices; virtual time. docs/cost.md.
"""
