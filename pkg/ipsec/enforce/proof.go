package enforce

// A Proof is what an enforcer has seen of the protection of a connection.
type Proof struct {
	Enforcer   string   // who enforced it
	Mode       string   // transport or tunnel
	Exchange   string   // main, aggressive, …
	Algorithms []string // of the security associations
	SPIs       []uint32
	BytesOut   uint64
	BytesIn    uint64
}
