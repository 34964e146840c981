package fleetverbs

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	addresses "github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A scanVerb has hosts of the fleet scan.
type scanVerb struct {
	*command
	ports    []uint16
	run      flags.Run // of which there are timeout, all and open
	security flags.Security
	shard    int

	blocks []*addresses.Block
	job    *fleet.Job
	begun  time.Time
}

// scan returns the verb.
func (c *command) scan() *cobra.Command {
	s := &scanVerb{command: c, run: flags.Run{Pace: flags.Pace{Blocks: true}}}
	cmd := &cobra.Command{
		Use: "scan [FLAGS] BLOCK...", Short: "have the hosts of the fleet scan addresses together", Long: manualScan,
		Args: flags.Arguments(1, -1, "BLOCK"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := s.understand(args); err != nil {
			return err
		}
		return c.withClient(cmd.Context(), func(client *clientv3.Client) error { return s.scan(cmd.Context(), client) })
	}
	portal := flags.NewSet()
	portal.Var(&tcpPorts{&s.ports}, "tcp-port", "TCP port at which each address is asked; may be repeated, up to "+strconv.Itoa(fleet.MaxScanPorts)+" times; default 3260")
	run := flags.NewSet()
	all := s.run.FlagSet()
	all.Lookup("timeout").Usage = "total time allowed per portal, at most " + fleet.MaxScanTimeout.String() + "; default: as each host has it (discoverd --timeout)"
	for _, name := range []string{"timeout", "all", "open"} {
		run.AddFlag(all.Lookup(name))
	}
	run.Var(&shardSize{&s.shard}, "shard", "how many addresses a host is given at a time: a power of two; default 64 to 4096, by how many there are. A host is given none of which it does not allow all")
	c.AddFlags(cmd,
		flags.NewGroup("How to reach a portal", portal), flags.NewGroup("The run", run), flags.NewGroup("IPsec", ipsecFlags(&s.security)))
	return cmd
}

// understand makes a job of the command line.
func (s *scanVerb) understand(args []string) error {
	if err := s.run.Check(); err != nil {
		return err
	}
	f, err := s.security.SecurityFlags()
	if err != nil {
		return err
	}
	if s.security.Given() && !f.Has(ipsec.FlagValid|ipsec.FlagIKE) {
		return exit.Usagef("hosts of a fleet can be told to ask under IPsec, and not to do without: leave out --ipsec, or give flags that ask for it")
	}
	if len(s.ports) == 0 {
		s.ports = []uint16{pdu.DefaultPort}
	}
	portals, err := addresses.ParsePortals(args, s.ports[0], &s.Env)
	if err != nil {
		return err
	}
	if s.blocks, err = portals.Addresses(); err != nil {
		return err
	}
	s.job = &fleet.Job{
		ID: fleet.NewJobID(), Asker: s.asker(), Started: time.Now().UTC().Truncate(time.Second),
		Ports: slices.Clone(s.ports), Timeout: s.run.Timeout.Seconds(), Flags: uint64(f),
	}
	for _, b := range s.blocks {
		s.job.Ranges = append(s.job.Ranges, fleet.Range{First: b.First, Last: b.Last()})
	}
	s.job.Normalize()
	s.cut()
	if err := s.job.Check(); err != nil {
		return exit.Usagef("%v", err)
	}
	return nil
}

// asker says which program asks: it is shown, never compared.
func (s *scanVerb) asker() string {
	host, err := s.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	return host
}

// Sizes of shards, in addresses, and how long a host may take for one: it waits for its
// silent addresses once, and not for each.
const (
	fewAddresses, manyAddresses        = 1 << 10, 1 << 14
	smallShard, usualShard, largeShard = 1 << 6, 1 << 8, 1 << 10
	largestShard                       = 1 << 12
	shardTime                          = 2 * time.Minute
	shardTimeOfPortal                  = 100 * time.Millisecond
)

// cut says how large shards are.
func (s *scanVerb) cut() {
	j := s.job
	j.ShardSize = s.shard
	if s.shard == 0 {
		j.ShardSize = sizeFor(j)
	}
	most := j.ShardSize * len(j.Ports)
	j.ShardTime = min(fleet.MaxShardTime, shardTime+time.Duration(most)*shardTimeOfPortal+2*time.Duration(j.Timeout*float64(time.Second))).Seconds()
}

// sizeFor returns how large shards are where nothing is said: so that many hosts have
// something to do, and that a fleet is not told of too many.
func sizeFor(j *fleet.Job) int {
	j.ShardSize = 1
	size := largeShard
	switch n := j.Portals() / len(j.Ports); {
	case n <= fewAddresses:
		size = smallShard
	case n <= manyAddresses:
		size = usualShard
	case n > largeShard*fleet.MaxShards/8:
		size = largestShard
	}
	for size*len(j.Ports) > fleet.MaxShardPortals {
		size /= 2
	}
	return size
}

// scan runs the job.
func (s *scanVerb) scan(ctx context.Context, client *clientv3.Client) error {
	s.begun = time.Now()
	one := &sweep.Scan{Client: client, Keys: s.fleet.Keys(), Job: s.job}
	before, err := one.Survey(ctx)
	if err != nil {
		return err
	}
	switch {
	case before.Leader == "":
		return s.noLeader()
	case before.Hosts == 0:
		return s.noHosts()
	}
	s.Log().Info("shared scan", "job", s.job.ID, "portals", s.job.Portals(), "shards", s.job.Shards(), "hosts", before.Hosts)
	r := newScanRun(s, one)
	return r.run(ctx)
}

// tcpPorts are the values of --tcp-port.
type tcpPorts struct{ all *[]uint16 }

func (p *tcpPorts) String() string { return "" }

func (p *tcpPorts) Type() string { return "N" }

func (p *tcpPorts) Set(v string) error {
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 16)
	if err != nil || n == 0 {
		return errors.New("expected a number from 1 to 65535")
	}
	*p.all = append(*p.all, uint16(n))
	return nil
}

// shardSize is the value of --shard.
type shardSize struct{ n *int }

func (p *shardSize) String() string { return "" }

func (p *shardSize) Type() string { return "N" }

func (p *shardSize) Set(v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > fleet.MaxShardPortals || bits.OnesCount(uint(n)) != 1 {
		return errors.New("expected a power of two from 1 to " + strconv.Itoa(fleet.MaxShardPortals))
	}
	*p.n = n
	return nil
}
