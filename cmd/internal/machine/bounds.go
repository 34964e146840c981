package machine

// Bounds are what a run may hold in memory of the answers of portals, in bytes.
// docs/reference/limits.md and docs/security.md name them.
type Bounds struct {
	// Collected is for the portal whose turn it is, where its targets are collected
	// before they are shown.
	Collected int64

	// Waiting is for all portals whose turn has not come, where results are in the order
	// of the portals; and for failed ones that are shown at the end.
	Waiting int64

	// Viewed is for the targets of all portals that wait until it is known how their
	// addresses are shown.
	Viewed int64

	// Service is for the results of the registry's verbs, which are values, and wait
	// for their turn in the library.
	Service int64

	// Text is the longest answer, in its own bytes, where it is not streamed line by
	// line: what was read of it has to be shown soon after the end.
	Text int64
}

// UsualBounds are those outside tests.
func UsualBounds() Bounds {
	return Bounds{Collected: 64 << 20, Waiting: 32 << 20, Viewed: 48 << 20, Service: 72 << 20, Text: 96 << 20}
}
