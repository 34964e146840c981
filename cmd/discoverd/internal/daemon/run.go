package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/fleetmember"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/journal"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/metrics"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/notify"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/page"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/pair"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/probe"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A daemon is discoverd while it runs.
type daemon struct {
	*options
	service *registry.Service // for requests
	watched *registry.Service // for the watch: each time that it reads the registry, the pulse beats
	guard   *probe.Guard
	prober  *probe.Handler
	table   *metrics.Table
	journal *journal.Journal
	page    *page.Watched
	pulse   *notify.Pulse
	member  *fleetmember.Member // nil: the daemon is in no fleet
	shared  *shared             // nil: the registry is in a file
	manager *notify.Manager
	reload  chan struct{}      // for the watch
	recount chan struct{}      // for the census
	relist  chan struct{}      // for the registrations at iSNS servers
	noticed chan initiator.Key // iSNS servers whose notices came
	begun   chan struct{}      // closed when the watch has read the registry
	id      string             // of this run

	seq, passed uint64 // of the last event, and of that before the watch; of the watch's goroutine
}

// run runs the daemon until ctx ends.
func (o *options) run(ctx context.Context, hangUp <-chan os.Signal) (err error) {
	path, err := o.RegistryPath()
	if err != nil {
		return err
	}
	store, shared, closing, err := o.openRegistry(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := closing(); err == nil && closed != nil {
			err = closed
		}
	}()
	d, err := o.daemon(ctx, store, path)
	if err != nil {
		return err
	}
	d.share(shared)
	leave, err := d.joinFleet(ctx, path, d.prober.Config)
	if err != nil {
		return err
	}
	defer leave()
	listeners, err := o.listeners()
	if err != nil {
		return err
	}
	l, err := d.listenNotices(ctx)
	if err != nil {
		for _, l := range listeners {
			_ = l.Close()
		}
		return err
	}
	return d.serve(ctx, listeners, l, hangUp)
}

// daemon returns a daemon on a registry.
func (o *options) daemon(ctx context.Context, store registry.Store, path string) (*daemon, error) {
	d := &daemon{
		options: o, table: metrics.NewTable(), journal: new(journal.Journal), page: new(page.Watched), pulse: new(notify.Pulse),
		reload: make(chan struct{}, 1), recount: make(chan struct{}, 1), relist: make(chan struct{}, 1), noticed: make(chan initiator.Key), begun: make(chan struct{}),
		id: rand.Text()[:8],
	}
	d.pulse.Next = func() time.Time { _, _, next := d.table.Tally(); return next }
	d.pulse.Grace = 2*o.every + o.limits.Timeout + late
	cfg := o.ServiceConfig(ctx, store, path, o.discoverer())
	var err error
	if d.service, err = registry.Open(cfg); err != nil {
		return nil, err
	}
	watched := cfg
	if _, inEtcd := machine.RegistryInEtcd(path); inEtcd {
		watched.Store = &pair.Memory{Store: cfg.Store}
	}
	watched.Store = &beating{Store: watched.Store, beat: d.beat, begun: d.begun}
	if d.watched, err = registry.Open(watched); err != nil {
		return nil, err
	}
	if d.manager, err = notify.NewManager(d.pulse); err != nil {
		return nil, err
	}
	d.guard = &probe.Guard{Entries: d.registry, Allow: o.allow}
	d.prober = probe.NewHandler(probe.Handler{
		Guard: d.guard, Config: cfg, Discoverer: o.discoverer, Lookup: o.LookupHost, Timeout: o.probeTimeout, Log: o.Log(),
	})
	o.Log().Info("discoverd", "registry", path, "initiator_name", o.Initiator.Name, "from", o.Initiator.Origin, "every", o.every)
	if o.Initiator.Because != "" {
		o.NoteDefaultName()
	}
	return d, nil
}

// discoverer returns a new Discoverer with the limits of the flags.
func (o *options) discoverer() *initiator.Discoverer {
	d := o.NewDiscoverer(&o.limits)
	d.InitiatorName = o.Initiator.Name
	o.Secure(d, &o.ipsec, true) // the registry may ask for IPsec any time later
	return d
}

// registry returns the Service, for requests.
func (d *daemon) registry(context.Context) (*registry.Service, error) { return d.service, nil }

// listeners returns where the daemon listens.
func (o *options) listeners() ([]net.Listener, error) {
	if o.listen[0] == listenFD {
		return notify.Sockets()
	}
	return serve.Listen(o.listen)
}

// serve runs the watch and the servers until ctx ends, or one of them fails.
func (d *daemon) serve(ctx context.Context, listeners []net.Listener, notices *isns.Listener, hangUp <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hosts := append([]string(nil), d.hosts...)
	for _, l := range listeners {
		d.Say("listening at %s", l.Addr())
		if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil {
			hosts = append(hosts, host)
		}
	}
	server := &serve.Server{Handler: serve.Guard(serve.NewHosts(hosts...), d.mux()), WebConfig: d.webConfig, Log: d.Log()}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listeners) }()
	asking := d.watch
	if d.shared != nil {
		asking = d.runShared
	}
	all := []func(context.Context){
		asking, d.count, func(ctx context.Context) { d.manager.Run(ctx, d.status) }, func(ctx context.Context) { d.obey(ctx, hangUp) },
	}
	if notices != nil {
		all = append(all, func(ctx context.Context) { d.runNotices(ctx, notices) })
	}
	if d.member != nil {
		all = append(all, d.member.Run)
	}
	rooms := make(chan struct{}, len(all))
	for _, room := range all {
		go func() { room(ctx); rooms <- struct{}{} }()
	}
	if err := d.manager.Ready(); err != nil {
		d.Say("warning: %v", err)
	}
	var err error
	ended := 0
	select {
	case <-ctx.Done():
	case err = <-served:
		served <- nil
	case <-rooms:
		if ended = 1; ctx.Err() == nil {
			err = errors.New("the watch has ended")
		}
	}
	d.manager.Stopping()
	cancel()
	for range cap(rooms) - ended {
		<-rooms
	}
	if failed := <-served; err == nil {
		err = failed
	}
	return err
}

// obey reloads when a signal or a request says so.
func (d *daemon) obey(ctx context.Context, hangUp <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
			if err := d.manager.Reload(d.again); err != nil {
				d.Say("warning: %v", err)
			}
		}
	}
}

// again has the registry read again by all that keep something of it.
func (d *daemon) again() {
	d.Say("reading the registry again")
	if d.webConfig != "" {
		if err := serve.CheckWebConfig(d.webConfig); err != nil {
			d.Say("--web.config.file: %s; connections fail until that is mended", wording.ReasonOnly(err))
		}
	}
	d.reread()
	if d.member != nil {
		d.member.Again()
	}
}

// knock sends what need not be sent twice.
func knock(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// beat notes that the watch has read the registry, which it does in each interval.
func (d *daemon) beat() { d.pulse.Beat(2*d.every + late) }

// late is how much later things may be on a machine that is busy, or where the registry is
// locked.
const late = 30 * time.Second
