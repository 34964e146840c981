//go:build !unix

package machine

// hangups returns nothing: this system has no SIGHUP.
func hangups() (heard <-chan struct{}, stop func()) { return nil, func() {} }
