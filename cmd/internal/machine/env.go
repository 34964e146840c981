package machine

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/internal/safefile"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// An Env is the machine as the command sees it: every door through which it
// reads or writes. Tests put their own in.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	Terminal   func(io.Writer) (columns int) // how wide a writer is; 0: it is no terminal
	Rows       func(io.Writer) (rows int)    // how high a terminal is; nil: nothing is drawn in place
	LookupEnv  func(name string) (string, bool)
	Open       func(path string) (io.ReadCloser, error)
	Files      fs.FS                               // the root of the file system, to look for files of other programs
	Folder     func(path string) ([]string, error) // the names in a folder; that of a folder ends with /. nil: none is read
	Variables  func() []string                     // the names of the environment variables; nil: they are not known
	OpenFD     func(n int) (io.ReadCloser, error)
	Create     func(path string) (io.WriteCloser, error) // a new file, for its owner alone
	Save       func(path string, contents []byte) error  // a file that all users may read, in the place of an old one
	Remove     func(path string) error
	Ask        func(ctx context.Context, question string) ([]byte, error) // at the terminal, without echo
	Hostname   func() (string, error)
	Interfaces func() ([]NetInterface, error)
	System     string // as in runtime.GOOS
	Root       bool   // we may do everything

	// Program returns the path of a program that belongs to this one, which becomes it or
	// runs it; nil: there is none.
	Program func(name string) (string, error)

	// Hangups yields a value for each SIGHUP, until stop is called; nil: none is heard.
	Hangups func() (heard <-chan struct{}, stop func())

	Room      Bounds // for what is collected
	OpenFiles uint64 // how many this process may open; 0: it is not known

	Enforcer func(name string) enforce.Enforcer // by a word of --ipsec-enforcer; nil: there is none
	HasIPsec func() (bool, error)               // it is worth a look what the system has

	// CleanIPsec takes out of the IKE daemon what discoveries left there; nil:
	// there is none on this system.
	CleanIPsec func(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error)

	// Nil: as pkg/initiator does it.
	Dial      func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error)
	Lookup    func(ctx context.Context, host string) ([]netip.Addr, error)
	Addresses func() ([]ports.Address, error)
	Route     func(ctx context.Context, source, dst netip.Addr) (netip.Addr, error)
}

// Real is the world outside tests.
func Real() Env {
	return Env{
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Terminal:   terminal.Columns,
		Rows:       terminal.Rows,
		LookupEnv:  os.LookupEnv,
		Open:       func(path string) (io.ReadCloser, error) { return os.Open(path) },
		Files:      os.DirFS("/"),
		Folder:     listFolder,
		Variables:  variableNames,
		OpenFD:     openFD,
		Create:     func(path string) (io.WriteCloser, error) { return safefile.New(path) },
		Save:       save,
		Remove:     os.Remove,
		Ask:        terminal.Ask,
		Hostname:   os.Hostname,
		Interfaces: netInterfaces,
		System:     runtime.GOOS,
		Root:       os.Geteuid() == 0,
		Program:    findProgram,
		Hangups:    hangups,
		Room:       UsualBounds(),
		OpenFiles:  openFiles(),
		Enforcer:   SystemEnforcer,
		HasIPsec:   systemHasIPsec,
		CleanIPsec: systemCleanIPsec,
	}
}

// ReadFile returns a file of at most limit bytes.
func (w *Env) ReadFile(path string, limit int) ([]byte, error) {
	f, err := w.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAll(f, limit)
}

// ReadAll returns what is left of r, if that is at most limit bytes.
func ReadAll(r io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return b, err
}

// Resolve returns the addresses of a portal.
func (w *Env) Resolve(ctx context.Context, p initiator.Portal) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(p.Address); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	found, err := w.LookupHost(ctx, p.Address)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, err
}

// LookupHost returns the addresses of a host name.
func (w *Env) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	if w.Lookup != nil {
		return w.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}
