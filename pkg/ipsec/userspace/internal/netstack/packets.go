package netstack

import _ "gvisor.dev/gvisor/pkg/tcpip" // until there is code

// Packets are what the stack knows of IPsec: it sends IP packets to the one peer, and gets
// those that came from it and were authenticated.
type Packets interface {
	Send(packet []byte) error // an IP packet; not kept
	Receive(func(packet []byte))
}
