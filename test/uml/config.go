//go:build linux

package uml

import (
	"net/netip"

	"github.com/go-iscsi/discovery/test/netns"
)

// What a Config has where a test says nothing.
const (
	defaultMemory    = 256 // MiB
	defaultInterface = "uml0"
)

// The network of a guest where a test says nothing.
var (
	defaultNear = []netip.Prefix{netip.MustParsePrefix("10.99.0.1/24"), netip.MustParsePrefix("fd99::1/64")}
	defaultFar  = []netip.Prefix{netip.MustParsePrefix("10.99.0.2/24"), netip.MustParsePrefix("fd99::2/64")}
)

// A Config says what guest to start.
type Config struct {
	// Namespace has the test's end of the network; nil: where the test is,
	// which has to be a namespace that netns.Isolate made.
	Namespace *netns.Namespace
	Interface string         // the test's end; empty: uml0
	Far       []netip.Prefix // addresses of the guest's end; nil: 10.99.0.2/24 and fd99::2/64
	Near      []netip.Prefix // addresses of the test's end; nil: 10.99.0.1/24 and fd99::1/64

	// Bridge, if not empty, is the name of a bridge that has the Near addresses
	// in the place of Interface, and to which Interface belongs. It is made
	// where it is missing, with the addresses of the guest that came first.
	// Guests on one bridge reach each other.
	Bridge string

	Memory   int       // MiB; zero: 256
	Modules  []string  // modules of the kernel to load
	Programs []Program // of this module, to have in the guest's PATH
}

// A Program is one for a guest. One of this module is built: static, and without the
// race detector.
type Program struct {
	Name    string // how the guest calls it
	Package string // its import path, or a path that begins with "./"
	Test    bool   // the package's tests

	// Built is the path of the executable file where the test has built it, in the place
	// of Package; static. Empty: it is built.
	Built string
}

func (c *Config) withDefaults() Config {
	d := *c
	if d.Interface == "" {
		d.Interface = defaultInterface
	}
	if d.Near == nil {
		d.Near = defaultNear
	}
	if d.Far == nil {
		d.Far = defaultFar
	}
	if d.Memory == 0 {
		d.Memory = defaultMemory
	}
	return d
}
