//go:build !linux

package initiator

// addressStates knows only Linux's way to tell.
func addressStates() map[onLink]addressState { return nil }
