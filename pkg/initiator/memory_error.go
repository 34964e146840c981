package initiator

import "fmt"

// A MemoryError is an answer for which there was no room, since results of other
// portals that wait to be taken have it. The portal did nothing wrong: it would have
// found room alone, and may be asked again (see Retryable). Where the portal itself sent
// more than it may take, the error is a *LimitError.
type MemoryError struct {
	Limit int64 // bytes in memory for all portals, such as Discoverer.MaxHeld
}

func (e *MemoryError) Error() string {
	return fmt.Sprintf("initiator: no room for its targets: results of other portals that wait take too much of the %d bytes of memory for all", e.Limit)
}

// memoryHint is what to do about a MemoryError.
const memoryHint = "ask it again when the others are done"
