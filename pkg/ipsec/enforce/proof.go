package enforce

import "github.com/go-iscsi/discovery/pkg/ipsec"

// ExchangeIKEv2 is the Exchange of a Proof where the keys were negotiated by IKE version 2,
// which has no modes.
const ExchangeIKEv2 = "ikev2"

// A Proof is what an enforcer has seen of the protection of a connection.
type Proof struct {
	Enforcer   string   // who enforced it
	Mode       string   // transport or tunnel
	Exchange   string   // main, aggressive, or ExchangeIKEv2
	Algorithms []string // of the security associations
	SPIs       []uint32
	BytesOut   uint64
	BytesIn    uint64

	// Warnings are what the caller may not expect of the protection; the engine adds
	// them to those of the result.
	Warnings []ipsec.Warning
}
