// Package machine has the doors through which the command reads from its machine and
// writes to it: streams, terminal, files, environment, network, the systemd unit's
// credentials, and the system's enforcers of IPsec. Tests put other doors in.
package machine
