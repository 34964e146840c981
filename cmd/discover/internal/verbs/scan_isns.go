package verbs

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/netip"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A scanISNS is what a scan asks of iSNS servers.
type scanISNS struct {
	servers  []initiator.Portal
	register bool

	found *isnsverbs.Found // nil: no server was asked
}

// flagSet defines the flags.
func (i *scanISNS) flagSet() *pflag.FlagSet {
	fs := flags.NewSet()
	fs.Var(flags.NewISNSServers(&i.servers), "isns", "also ask the portals that an iSNS server names, and say what differs between both; may be repeated")
	fs.BoolVar(&i.register, "isns-register", false, "register first where the iSNS server demands it; this host is deregistered afterwards. It writes to the server")
	return fs
}

// check refuses flags that do not go together.
func (i *scanISNS) check() error {
	if i.register && len(i.servers) == 0 {
		return exit.Usagef("--isns-register needs --isns SERVER")
	}
	return nil
}

// askISNS asks the iSNS servers, where some are given, and takes the portals that they name
// to those of the command line. wrap sees the connections; nil: none does.
func (s *scan) askISNS(ctx context.Context, wrap func(net.Conn) net.Conn) error {
	if len(s.isns.servers) == 0 {
		return nil
	}
	a := &isnsverbs.Asker{
		Name: s.ourName().Name, Source: s.key.Source, Instance: s.key.Instance, Port: s.key.Port.Number, Selector: s.ports,
		Register: s.isns.register, Timeout: s.run.Timeout, Limits: s.run.ISNSLimits(), Wrap: wrap, Command: s.Command,
	}
	if s.run.Trace {
		a.Trace = app.ISNSTracer(s.Stderr)
	}
	within := func(addr netip.Addr) bool { return s.addrs.OfFamily(addr) && s.addrs.IsWithin(addr) }
	found := a.Find(ctx, s.isns.servers, within)
	s.isns.found = found
	if s.ForPeople() {
		for i := range found.Results {
			isnsverbs.SayWarnings(s.Command, &found.Results[i])
		}
	}
	for _, p := range found.Portals {
		if err := s.portals.Add(p); err != nil {
			return exit.Usagef("the portals of the iSNS servers: %v", err)
		}
	}
	s.takeOnce()
	if found.Rules.Any() {
		s.mayUse = true
	}
	s.rules = found.Rules.Beside(s.rules)
	return nil
}

// compare has the batches compared with what the iSNS servers name.
func (i *scanISNS) compare(batches iter.Seq[*initiator.Batch]) iter.Seq[*initiator.Batch] {
	if i.found == nil {
		return batches
	}
	return func(yield func(*initiator.Batch) bool) {
		for b := range batches {
			i.found.Listed(b)
			if !yield(b) {
				return
			}
		}
	}
}

// close adds what differs to the document of a scan.
func (i *scanISNS) close(out render.Output) {
	if i.found == nil {
		return
	}
	i.found.Close()
	if document, ok := out.(*render.JSONOutput); ok {
		document.More = i.found.Parts()
	}
}

// show shows, where servers were asked, what differs.
func (i *scanISNS) show(c *command, w io.Writer) error {
	if i.found == nil {
		return nil
	}
	return i.found.Show(c.Command, w)
}

// status returns the exit status of a scan of so many portals whose own is of: a server that
// did not answer counts as a portal that did not.
func (i *scanISNS) status(portals int, of error) error {
	switch failed := exit.StatusError(exit.Failed); {
	case i.found == nil:
		return of
	case portals == 0 && i.found.Failed == 0:
		return nil
	case portals == 0 && i.found.Failed == len(i.found.Results):
		return failed
	case i.found.Failed > 0 && !errors.Is(of, failed), portals == 0:
		return exit.StatusError(exit.Partly)
	}
	return of
}
