package isnsverbs

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An Asker asks iSNS servers without storing anything. The registry is not read, unless an
// initiator instance or port is named.
type Asker struct {
	Name     string // of ours
	Source   netip.Addr
	Instance string
	Port     ports.Number
	Selector *ports.Selector // nil: routing decides
	Register bool
	Timeout  time.Duration
	Limits   isns.Limits
	Wrap     func(net.Conn) net.Conn // sees each connection, for a capture; nil: none does

	Command *app.Command
}

// NewAsker returns an Asker by flags.
func NewAsker(ctx context.Context, c *app.Command, f *flags.ISNS) (*Asker, error) {
	a := &Asker{
		Source: f.Key.Source, Instance: f.Key.Instance, Port: f.Key.Port.Number,
		Register: f.Register, Timeout: f.Run.Timeout, Limits: f.Run.ISNSLimits(), Command: c,
	}
	iqn, origin, err := f.InitiatorName(ctx, &c.Env)
	if err != nil {
		return nil, err
	}
	if c.Initiator = (app.NodeName{Name: iqn, Origin: origin}); iqn == "" {
		c.Initiator = c.DefaultName(false)
	}
	if a.Instance != "" || f.Key.Port.Given {
		err = c.WithService(ctx, app.ReadOnly, c.NewDiscoverer(nil), func(s *registry.Service) (err error) {
			if a.Selector, err = s.Selector(ctx, false); err != nil || iqn != "" {
				return err
			}
			stored, err := s.InitiatorNodeName(ctx)
			if stored != "" {
				c.Initiator = app.NodeName{Name: stored, Origin: "initiator set-name"}
			}
			return err
		})
	}
	if c.Initiator.Because != "" {
		c.NoteDefaultName()
	}
	a.Name = c.Initiator.Name
	return a, err
}

// Ask asks a server.
func (a *Asker) Ask(ctx context.Context, server initiator.Portal) registry.ISNSResult {
	r := registry.ISNSResult{
		Server:        registry.ISNSServer{Address: server, Instance: a.Instance, Port: a.Port, Register: a.Register},
		InitiatorName: a.Name,
	}
	client := isns.Client{Name: a.Name, Source: a.Source, Dial: a.Command.Dial, Wrap: a.Wrap, Register: a.Register, Limits: a.Limits}
	r.Answer, r.InitiatorPort, r.Err = client.Ask(ctx, isns.Request{
		Server: server, Instance: a.Instance, Port: a.Port, Selector: a.Selector, Timeout: a.Timeout, Lookup: a.Command.Lookup,
	})
	if r.InitiatorPort.NodeName != "" {
		r.InitiatorName = r.InitiatorPort.NodeName
	}
	return r
}
