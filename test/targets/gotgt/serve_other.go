//go:build !linux && !darwin

package gotgt

import "fmt"

// Serve fails: gotgt does not build for this system.
func Serve(Config, func()) error { return fmt.Errorf("gotgt: %w", ErrSystem) }
