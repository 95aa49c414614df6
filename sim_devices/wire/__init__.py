"""The wire side: register maps, faults, and pymodbus' servers on sockets and pseudo-terminals."""
