package daemon

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/probe"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// options are the flags.
type options struct {
	*app.Command
	login  flags.Login // of which the daemon has the initiator's name alone
	limits flags.Run
	ipsec  flags.IPsec

	listen       []string
	hosts        []string
	webConfig    string
	every        time.Duration
	jitter       float64
	hold         int
	holdVanished int
	now          bool
	allow        []netip.Prefix
	probeTimeout time.Duration
	named        bool           // metrics have targets' names
	notices      netip.AddrPort // where iSNS servers send notices; invalid: nowhere
	fleet        fleetOptions
}

// listenFD is the word for the sockets that systemd has opened.
const listenFD = "fd"

// groups defines the flags.
func (o *options) groups() []flags.Group {
	o.limits.Retries = flags.RefreshRetries
	o.every, o.jitter, o.hold, o.holdVanished, o.probeTimeout = watch.DefaultEvery, watch.DefaultJitter, watch.DefaultHold, watch.DefaultHoldVanished, probe.DefaultTimeout
	web := flags.NewSet()
	web.Var(&list{o.addListen, "ADDRESS"}, "listen", "address and TCP port to listen at, or fd: the sockets that systemd has opened; may be repeated; default "+serve.DefaultListen)
	web.Var(&list{o.addHost, "NAME"}, "host", "a name by which clients ask, beside localhost and the addresses where discoverd listens; may be repeated. A request by another name is refused (421)")
	web.Var(flags.NewText(&o.webConfig, "FILE"), "web.config.file", "TLS and users, as all of Prometheus' programs take them")
	schedule := flags.NewSet()
	schedule.Var(&every{&o.every}, "every", "how often each portal is asked; default 1m, at least 1s. A portal that fails is asked less often, up to 10 times less")
	schedule.Var(&percent{&o.jitter}, "jitter", "by how much each interval is longer or shorter at random; default 10%, at most 50%")
	schedule.BoolVar(&o.now, "now", false, "ask all portals at once at the start, instead of spreading them over the first interval")
	schedule.Var(&count{&o.hold}, "hold", "how many answers in a row must agree before a change is reported; default 1")
	schedule.Var(&count{&o.holdVanished}, "hold-vanished", "the same for a target that is gone; default 2, since targets have moments of empty lists while they are configured")
	probes := flags.NewSet()
	probes.Var(&list{o.addAllow, "CIDR"}, "probe-allow", "addresses that /probe may ask, at any TCP port, beside the portals of the registry; may be repeated")
	probes.Var(flags.NewDuration(&o.probeTimeout), "probe-timeout", "longest time of one probe; default 15s")
	figures := flags.NewSet()
	figures.BoolVar(&o.named, "metrics-targets", false, "also metrics with the names of targets, at most 10000 series each")
	servers := flags.NewSet()
	servers.Var(&list{o.setNotices, "ADDRESS"}, "isns-notify", "address of this host, with a TCP port or without (any), to which the iSNS servers of the registry send notices of change. It registers this initiator at each of them; without it they are only asked")
	global := some(o.Global.FlagSet(o.UsualRegistry()), "registry", "key", "verbose", "help")
	global.Lookup("help").Usage = "print this help"
	global.Bool("version", false, "print the version")
	return []flags.Group{
		flags.NewGroup("Listening", web),
		flags.NewGroup("The schedule", schedule),
		flags.NewGroup("Each discovery", joined(
			some(o.login.FlagSet(), "initiator-name"),
			some(o.limits.FlagSet(), "timeout", "retries", "parallel", "connect-timeout", "login-timeout", "response-timeout", "connecting", "rate", "max-text", "max-targets", "strict-names"),
			some(o.ipsec.FlagSet(), "ipsec-enforcer"))),
		flags.NewGroup("Notices of iSNS servers", servers),
		flags.NewGroup("A fleet", o.fleet.flagSet()),
		flags.NewGroup("etcd, of a fleet or of the registry", o.fleet.Etcd.FlagSet(false)),
		flags.NewGroup("Probes", probes),
		flags.NewGroup("Metrics", figures),
		flags.NewGroup("The registry, and the rest", global),
	}
}

func joined(sets ...*pflag.FlagSet) *pflag.FlagSet {
	all := flags.NewSet()
	for _, fs := range sets {
		all.AddFlagSet(fs)
	}
	return all
}

// understand refuses flags that do not go together. Its error is an *exit.UsageError.
func (o *options) understand(ctx context.Context) error {
	if len(o.listen) == 0 {
		o.listen = []string{serve.DefaultListen}
	}
	if len(o.listen) > 1 && slices.Contains(o.listen, listenFD) {
		return exit.Usagef("--listen fd excludes other addresses: give these to systemd's socket unit")
	}
	if o.webConfig != "" {
		if err := serve.CheckWebConfig(o.webConfig); err != nil {
			return exit.Usagef("--web.config.file: %s", wording.ReasonOnly(err))
		}
	}
	login, err := o.login.Options(ctx, &o.Env)
	if err != nil {
		return err
	}
	if login.InitiatorName != "" {
		o.Initiator = app.NodeName{Name: login.InitiatorName, Origin: o.login.InitiatorName.Origin()}
	} else {
		o.Initiator = o.DefaultName(o.limits.Strict)
	}
	if err := o.limits.CheckName(login.InitiatorName); err != nil {
		return err
	}
	path, err := o.RegistryPath()
	if err != nil {
		return err
	}
	if err := o.fleet.understand(ctx, &o.Env, path); err != nil {
		return err
	}
	o.fleet.SayExposed(o.Say)
	return o.limits.Check()
}

func (o *options) addListen(s string) error {
	if s != listenFD {
		if err := serve.CheckListen(s); err != nil {
			return err
		}
	}
	o.listen = append(o.listen, s)
	return nil
}

func (o *options) setNotices(s string) error {
	at, err := netip.ParseAddrPort(s)
	if addr, bad := netip.ParseAddr(strings.Trim(s, "[]")); bad == nil {
		at, err = netip.AddrPortFrom(addr, 0), nil
	}
	if err != nil {
		return errors.New("expected an IP address of this host, such as 192.0.2.1 or 192.0.2.1:3205")
	}
	if err := isns.CheckListen(at); err != nil {
		return errors.New(wording.ReasonOnly(err))
	}
	o.notices = at
	return nil
}

func (o *options) addHost(s string) error {
	if s == "" {
		return errors.New("expected a host name or an address, without a port")
	}
	o.hosts = append(o.hosts, s)
	return nil
}

func (o *options) addAllow(s string) error {
	p, err := parseCIDR(s)
	if err == nil {
		o.allow = append(o.allow, p)
	}
	return err
}

// parseCIDR reads a block of addresses, or one.
func parseCIDR(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if addr, bad := netip.ParseAddr(s); bad == nil && err != nil {
		p, err = addr.Prefix(addr.BitLen())
	}
	if err != nil || p.Addr().Zone() != "" || p.Addr().Is4In6() {
		return netip.Prefix{}, errors.New("expected a block of addresses, such as 192.0.2.0/24, or one address")
	}
	return p.Masked(), nil
}

// A list takes one value each time that its flag is given.
type list struct {
	add  func(string) error
	name string
}

func (l *list) String() string { return "" }

func (l *list) Type() string { return l.name }

func (l *list) Set(s string) error { return l.add(s) }

// An every is an interval.
type every struct{ value *time.Duration }

func (e *every) String() string { return "" }

func (e *every) Type() string { return "DURATION" }

func (e *every) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v < watch.MinEvery {
		return errors.New("expected a time of at least 1s with its unit, such as 30s or 5m")
	}
	*e.value = v
	return nil
}

// A percent is a share, which may be none.
type percent struct{ value *float64 }

func (p *percent) String() string { return "" }

func (p *percent) Type() string { return "PERCENT" }

func (p *percent) Set(s string) error {
	n := len(s)
	if n > 0 && s[n-1] == '%' {
		n--
	}
	v, err := strconv.ParseFloat(s[:n], 64)
	if err != nil || !(v >= 0 && v/100 <= watch.MaxJitter) {
		return errors.New("expected a percentage from 0% to 50%")
	}
	if *p.value = v / 100; v == 0 {
		*p.value = -1 // none
	}
	return nil
}

// A count is a number of answers.
type count struct{ value *int }

func (c *count) String() string { return "" }

func (c *count) Type() string { return "N" }

func (c *count) Set(s string) error {
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > watch.MaxHold {
		return errors.New("expected a number from 1 to " + strconv.Itoa(watch.MaxHold))
	}
	*c.value = v
	return nil
}
