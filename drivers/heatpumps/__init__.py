"""Heat pumps, by power limit or by SG-Ready contacts."""
