package flags

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// ISNS has the flags that say from where, and how, an iSNS server is asked.
type ISNS struct {
	Key      Key
	Register bool
	Run      Run

	name nameRef // of ours, for a verb that stores nothing
}

// InitiatorName returns our name and where it is from; empty: none was given. It reads the
// file of a reference. Its error is an *exit.UsageError.
func (i *ISNS) InitiatorName(ctx context.Context, w *machine.Env) (iqn, origin string, err error) {
	iqn, err = i.name.resolve(ctx, w)
	return iqn, i.name.Origin(), err
}

// FlagSet defines the flags that are about the server.
func (i *ISNS) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	i.Key.TCPPort = isns.DefaultPort
	fs.Var(&instanceName{&i.Key.Instance}, "instance", "the initiator instance to ask from; default: any that can reach the server. The instance host is built in")
	fs.Var(&i.Key.Port, "initiator-port", "number of the port to ask from (discover port list); all (the default): routing decides")
	fs.Var(&address{&i.Key.Source}, "source", "address of this host to ask from, instead of a port number")
	fs.BoolVar(&i.Register, "register", false, "register first where the server demands it; this host is deregistered afterwards. It writes to the server")
	return fs
}

// NameFlagSet is FlagSet of a verb that stores nothing, with the flag for our name.
func (i *ISNS) NameFlagSet() *pflag.FlagSet {
	fs := i.FlagSet()
	fs.Var(&i.name, "initiator-name", "our iSCSI name, or where to read it: file:PATH or cred:NAME; default: as for discover scan")
	return fs
}

// RunFlagSet defines the flags of the run.
func (i *ISNS) RunFlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.Var(&duration{&i.Run.Timeout}, "timeout", "total time allowed per server; default 15s")
	fs.Var(&number{value: &i.Run.maxTargets, name: "N", min: 1, max: isns.MostTargets}, "max-targets", "refuse an answer with more targets than this; default 65536")
	fs.BoolVar(&i.Run.Trace, "trace", false, "show each message on standard error, a line for each")
	fs.Var(&fileName{&i.Run.Capture}, "capture", "write all iSNS traffic to a new pcapng file; for Wireshark")
	return fs
}

// ISNSLimits are those of the answer of an iSNS server.
func (r *Run) ISNSLimits() isns.Limits { return isns.Limits{MaxTargets: int(r.maxTargets)} }

// Check refuses flags that do not go together.
func (i *ISNS) Check() error { return i.Key.CheckEntry() }

// Servers understands the servers that arguments name, each once. Its error is a
// *exit.UsageError.
func (i *ISNS) Servers(args []string) ([]initiator.Portal, error) {
	var all []initiator.Portal
	for n, arg := range args {
		p, err := ISNSServer(arg)
		if err != nil {
			return nil, exit.Usagef("argument %d: %v", n+1, err)
		}
		all = append(all, p)
	}
	return Distinct(all), nil
}

// ISNSServer understands HOST or HOST:PORT of an iSNS server. What may hold a secret is not
// repeated in the error.
func ISNSServer(arg string) (initiator.Portal, error) {
	if sweep.MayHoldSecret(arg) {
		return initiator.Portal{}, exit.Usagef("this is not an iSNS server: URLs and user names are not accepted; write HOST or HOST:PORT")
	}
	p, tagged, err := sweep.SinglePortal(arg, isns.DefaultPort)
	switch {
	case err != nil:
		return p, exit.Usagef("iSNS server %s: %v", wording.Quoted(arg), err)
	case tagged:
		return p, exit.Usagef("iSNS server %s: an iSNS server has no portal group tag; write HOST or HOST:PORT", wording.Quoted(arg))
	}
	return p, nil
}

// An isnsServers flag is iSNS servers; it may be repeated.
type isnsServers struct{ value *[]initiator.Portal }

// NewISNSServers returns the value of a flag that is iSNS servers.
func NewISNSServers(value *[]initiator.Portal) pflag.Value { return &isnsServers{value} }

func (s *isnsServers) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (s *isnsServers) Repeats() bool { return true }

func (s *isnsServers) Type() string { return "SERVER" }

func (s *isnsServers) Set(arg string) error {
	p, err := ISNSServer(arg)
	if err == nil {
		*s.value = Distinct(append(*s.value, p))
	}
	return err
}
