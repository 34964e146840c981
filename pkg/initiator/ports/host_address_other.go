//go:build !linux

package ports

// addressStates knows only Linux's way to tell.
func addressStates() map[onLink]addressState { return nil }
