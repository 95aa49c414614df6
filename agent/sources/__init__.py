"""Sources of control beside signed commands: relays, protocols, prices. Each ends in limits and claims at a Desk."""
