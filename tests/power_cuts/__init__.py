"""Power cuts at every byte and block operation, under the real journal and ledger: `make power-cuts`."""
