package netstack

// Packets are what the stack knows of IPsec: it sends IP packets to the one peer, and gets
// those that came from it and were authenticated.
type Packets interface {
	// Send sends an IP packet, and does not keep it. It may be called from several
	// goroutines.
	Send(packet []byte) error

	// Receive has a function called with each IP packet that comes. The function does
	// not keep the packet.
	Receive(func(packet []byte))
}
