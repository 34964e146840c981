package enforcetest

import "time"

// SetLimit shortens what the suite waits for.
func SetLimit(d time.Duration) { limit = d }
