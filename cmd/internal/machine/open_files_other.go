//go:build !unix

package machine

// openFiles returns 0: Windows has no such limit.
func openFiles() uint64 { return 0 }
