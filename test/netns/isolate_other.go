//go:build !linux

package netns

// Isolate does nothing: there are no network namespaces on this system.
func Isolate() {}

// Isolated returns false.
func Isolated() bool { return false }
