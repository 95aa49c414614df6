"""What a device, a line, a store, a clock and a signer ARE. Imports nothing of ours."""
