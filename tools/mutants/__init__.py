"""Mutation testing of the safety core: cosmic-ray changes one token at a time, the shared tests must notice."""
