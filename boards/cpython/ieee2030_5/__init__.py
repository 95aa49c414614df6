"""IEEE 2030.5 on a gateway: what a utility's server says, as limits and claims; boards never import this."""
