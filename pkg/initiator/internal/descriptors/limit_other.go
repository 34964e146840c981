//go:build !unix

package descriptors

import "math"

// Limit returns how many files the process may open, which includes sockets.
func Limit() int { return math.MaxInt32 }
