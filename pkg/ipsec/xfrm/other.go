//go:build !linux

package xfrm

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
)

// errSystem says that this is not Linux.
var errSystem = fmt.Errorf("IPsec policies for single sockets are not supported on %s: %w", runtime.GOOS, errors.ErrUnsupported)

func (h Hold) set(syscall.RawConn, uint16) error { return &HoldError{Err: errSystem} }

// Probe returns why no socket can be held here.
func Probe() error { return &HoldError{Err: errSystem} }

func bind(syscall.RawConn, netip.AddrPort, string) (uint16, error) {
	return 0, &HoldError{Err: errSystem}
}

func (*guard) set() error    { return &HoldError{Err: errSystem} }
func (*guard) remove() error { return nil }

func listPolicies(context.Context) ([]policy, error) { return nil, errSystem }

func listStates(context.Context) ([]state, error) { return nil, errSystem }

func notPermitted(error) string { return "the policies of " + runtime.GOOS + " are not known here" }

// A watcher does not exist on this system.
type watcher struct{}

func watch(Hold, netip.Addr, netip.AddrPort) (*watcher, error) { return nil, errSystem }

func (*watcher) start(func()) {}
func (*watcher) lost() error  { return nil }
func (*watcher) close()       {}
