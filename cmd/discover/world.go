package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/go-iscsi/discovery/internal/safefile"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// A world is the machine as the command sees it: every door through which it
// reads or writes. Tests put their own in.
type world struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	terminal   func(io.Writer) (columns int) // how wide a writer is; 0: it is no terminal
	lookupEnv  func(name string) (string, bool)
	open       func(path string) (io.ReadCloser, error)
	openFD     func(n int) (io.ReadCloser, error)
	create     func(path string) (io.WriteCloser, error) // a new file, for its owner alone
	remove     func(path string) error
	ask        func(ctx context.Context, question string) ([]byte, error) // at the terminal, without echo
	hostname   func() (string, error)
	interfaces func() ([]netInterface, error)
	system     string // as in runtime.GOOS
	root       bool   // we may do everything

	room bounds // for what is collected

	enforcer func(name string) enforce.Enforcer // by a word of --ipsec-enforcer; nil: there is none
	hasIPsec func() (bool, error)               // it is worth a look what the system has

	// cleanIPsec takes out of the IKE daemon what discoveries left there; nil:
	// there is none on this system.
	cleanIPsec func(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error)

	// Nil: as pkg/initiator does it.
	dial      func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error)
	lookup    func(ctx context.Context, host string) ([]netip.Addr, error)
	addresses func() ([]ports.Address, error)
	route     func(ctx context.Context, source, dst netip.Addr) (netip.Addr, error)
}

// thisMachine is the world outside tests.
func thisMachine() world {
	return world{
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		terminal:   terminalColumns,
		lookupEnv:  os.LookupEnv,
		open:       func(path string) (io.ReadCloser, error) { return os.Open(path) },
		openFD:     openFD,
		create:     func(path string) (io.WriteCloser, error) { return safefile.New(path) },
		remove:     os.Remove,
		ask:        askTerminal,
		hostname:   os.Hostname,
		interfaces: netInterfaces,
		system:     runtime.GOOS,
		root:       os.Geteuid() == 0,
		room:       usualBounds(),
		enforcer:   systemEnforcer,
		hasIPsec:   systemHasIPsec,
		cleanIPsec: systemCleanIPsec,
	}
}

// readFile returns a file of at most limit bytes.
func (w *world) readFile(path string, limit int) ([]byte, error) {
	f, err := w.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, limit)
}

// readAll returns what is left of r, if that is at most limit bytes.
func readAll(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return b, err
}
