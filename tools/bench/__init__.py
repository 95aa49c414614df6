"""What the agent costs, measured against bare programs that do the same polling and the same writes without evidence.

Figures from one run on one machine; every comparison alternates between the two sides inside the run. Ratios are
worth more than milliseconds: they survive a slower machine and noisy neighbours.
"""
