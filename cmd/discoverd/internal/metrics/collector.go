package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

const prefix = "iscsi_discovery_"

// A metric is one of the metrics, as docs/guide/discoverd.md has them.
type metric struct {
	name, help, kind string
	labels           []string
	desc             *prometheus.Desc
}

// all lists them in the order of the documentation.
var all []*metric

func newMetric(kind, name, help string, labels ...string) *metric {
	m := &metric{name: prefix + name, help: help, kind: kind, labels: labels}
	m.desc = prometheus.NewDesc(m.name, help, labels, nil)
	all = append(all, m)
	return m
}

var (
	up             = newMetric("gauge", "up", "Whether the last attempt at the portal succeeded.", "portal", "instance", "port")
	targets        = newMetric("gauge", "targets", "Targets in the last answer that succeeded.", "portal", "instance", "port")
	attempts       = newMetric("counter", "attempts_total", "Attempts at the portal, by how they ended and at which stage they failed.", "portal", "instance", "port", "result", "stage")
	duration       = newMetric("histogram", "duration_seconds", "Time that an attempt took, from its start to the last target.", "portal")
	lateness       = newMetric("histogram", "lateness_seconds", "How much later than planned attempts began.")
	lastSuccess    = newMetric("gauge", "last_success_timestamp_seconds", "When the portal last answered.", "portal", "instance", "port")
	lastAttempt    = newMetric("gauge", "last_attempt_timestamp_seconds", "When the last attempt at the portal ended.", "portal", "instance", "port")
	failingSince   = newMetric("gauge", "failing_since_timestamp_seconds", "Since when attempts at the portal fail; absent while they succeed.", "portal", "instance", "port")
	nextAttempt    = newMetric("gauge", "next_attempt_timestamp_seconds", "When the portal is asked next, which tells a back-off from a hang.", "portal")
	changes        = newMetric("counter", "changes_total", "Events of the portal, by their type.", "portal", "type")
	failureInfo    = newMetric("gauge", "failure_info", "Why the last attempt at the portal failed; absent while attempts succeed.", "portal", "stage", "code_name", "login_status")
	authentication = newMetric("gauge", "auth_info", "How the last login that succeeded was authenticated.", "portal", "method", "algorithm", "mutual")
	protection     = newMetric("gauge", "ipsec_info", "Under which IPsec plan the portal last answered.", "portal", "plan", "origin", "enforcer")
	registryUp     = newMetric("gauge", "registry_up", "Whether the registry can be read.")
	portals        = newMetric("gauge", "registry_portals", "Entries of the registry.")
	registryCount  = newMetric("gauge", "registry_targets", "Targets that the registry knows, by whether a portal lists them.", "state")
	unreadable     = newMetric("gauge", "registry_unreadable_records", "Records of the registry that cannot be read.")
	targetInfo     = newMetric("gauge", "target_info", "An address at which a portal lists a target (--metrics-targets).", "portal", "target", "address", "group")
	targetOmitted  = newMetric("gauge", "target_info_omitted", "Series of target_info that are left out.")
	paths          = newMetric("gauge", "paths", "Entries of the registry that see a target: initiator ports times portals (--metrics-targets).", "target")
	pathsOmitted   = newMetric("gauge", "paths_omitted", "Series of paths that are left out.")

	isnsUp          = newMetric("gauge", "isns_up", "Whether the iSNS server last answered.", "server")
	isnsTargets     = newMetric("gauge", "isns_targets", "Targets in the last answer of the iSNS server.", "server")
	isnsLastSuccess = newMetric("gauge", "isns_last_success_timestamp_seconds", "When the iSNS server last answered.", "server")
	isnsChanges     = newMetric("counter", "isns_changes_total", "Events of the iSNS server, by their type.", "server", "type")
	isnsRegistered  = newMetric("gauge", "isns_registered", "Whether we are registered for notices of the iSNS server (--isns-notify).", "server")
	isnsNotices     = newMetric("counter", "isns_notices_total", "Notices of the iSNS server that were taken (--isns-notify).", "server")
)

// A family is one metric of a Table. Each is gathered and written by itself: the series of
// all would take 100 MiB where there are 10,000 portals.
type family struct {
	table *Table
	of    *metric
}

// Describe sends the metric's description, for prometheus.Collector.
func (f family) Describe(ch chan<- *prometheus.Desc) { ch <- f.of.desc }

// A collection is the series of one metric. What was sent is not sent again: entries of
// one portal may fail for one reason.
type collection struct {
	of      *metric
	metrics []prometheus.Metric
	sent    map[string]bool
}

// add adds a series.
func (c *collection) add(m *metric, value float64, labels ...string) {
	if m != c.of {
		return
	}
	kind := prometheus.GaugeValue
	if m.kind == "counter" {
		kind = prometheus.CounterValue
	}
	c.metrics = append(c.metrics, prometheus.MustNewConstMetric(m.desc, kind, value, valid(labels)...))
}

// once adds a series that may be there already.
func (c *collection) once(m *metric, value float64, labels ...string) {
	if m != c.of {
		return
	}
	id := strings.Join(labels, "\x00")
	if c.sent[id] {
		return
	}
	c.sent[id] = true
	c.add(m, value, labels...)
}

// time adds a series of a time, if there is one.
func (c *collection) time(m *metric, t time.Time, labels ...string) {
	if !t.IsZero() {
		c.add(m, float64(t.UnixMilli())/1e3, labels...)
	}
}

// valid makes labels UTF-8, which Prometheus demands.
func valid(labels []string) []string {
	for i, l := range labels {
		labels[i] = strings.ToValidUTF8(l, "�")
	}
	return labels
}

// Collect sends the series, for prometheus.Collector. It holds up no report while they
// are written.
func (f family) Collect(ch chan<- prometheus.Metric) {
	for _, m := range f.collect() {
		ch <- m
	}
}

// collect returns the series.
func (f family) collect() []prometheus.Metric {
	t, c := f.table, &collection{of: f.of, sent: make(map[string]bool)}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch f.of {
	case lateness:
		return []prometheus.Metric{prometheus.MustNewConstHistogram(lateness.desc, t.late.count, t.late.sum, t.late.cumulative())}
	case nextAttempt:
		c.next(t.entries)
	case duration, changes:
		for name, p := range t.portals {
			c.portal(name, p)
		}
	case registryUp, portals, registryCount, unreadable, targetInfo, targetOmitted, paths, pathsOmitted:
		c.registry(t.up, &t.census)
	case isnsUp, isnsTargets, isnsLastSuccess, isnsChanges, isnsRegistered, isnsNotices:
		for name, s := range t.servers {
			c.server(name, s)
		}
	case fleetConnected, fleetSince, fleetPublished, fleetWaiting, fleetLeader, fleetCopied, fleetLacking, fleetRefused, fleetScans, fleetShards, fleetScanned:
		c.member(t.fleet)
	case pairActive, pairConnected, pairSince:
		c.pair(t.pair)
	default:
		for _, e := range t.entries {
			c.entry(e)
		}
	}
	return c.metrics
}

// entry adds the series of an entry.
func (c *collection) entry(e *entry) {
	key := func() []string { return []string{e.portal, e.instance, e.port} }
	if e.status != watch.Unknown {
		is := 0.0
		if e.status != watch.Down {
			is = 1
		}
		c.add(up, is, key()...)
	}
	if e.answered {
		c.add(targets, float64(e.targets), key()...)
	}
	for o, n := range e.attempts {
		c.add(attempts, float64(n), append(key(), o.result, o.stage)...)
	}
	c.time(lastSuccess, e.lastOK, key()...)
	c.time(lastAttempt, e.lastAttempt, key()...)
	c.time(failingSince, e.failingSince, key()...)
	if f := e.failure; f != nil {
		c.once(failureInfo, 1, e.portal, f.Stage, f.CodeName, f.LoginStatus)
	}
	if a := e.auth; a != nil {
		c.once(authentication, 1, e.portal, a.method, a.algorithm, a.mutual)
	}
	if i := e.ipsec; i != nil {
		c.once(protection, 1, e.portal, i.plan, i.origin, i.enforcer)
	}
}

// next adds when each portal is asked next: of its entries the first.
func (c *collection) next(entries map[string]*entry) {
	first := make(map[string]time.Time)
	for _, e := range entries {
		if t, ok := first[e.portal]; !e.next.IsZero() && (!ok || e.next.Before(t)) {
			first[e.portal] = e.next
		}
	}
	for name, t := range first {
		c.time(nextAttempt, t, name)
	}
}

// portal adds the series of a portal.
func (c *collection) portal(name string, p *portal) {
	if h := &p.duration; c.of == duration && h.count > 0 {
		c.metrics = append(c.metrics, prometheus.MustNewConstHistogram(duration.desc, h.count, h.sum, h.cumulative(), valid([]string{name})...))
	}
	for kind, n := range p.changes {
		c.add(changes, float64(n), name, string(kind))
	}
}

// registry adds what the registry has.
func (c *collection) registry(isUp bool, s *Census) {
	if !isUp {
		c.add(registryUp, 0)
		return
	}
	c.add(registryUp, 1)
	c.add(portals, float64(s.Portals))
	c.add(registryCount, float64(s.Seen), "seen")
	c.add(registryCount, float64(s.Missing), "missing")
	c.add(registryCount, float64(s.Stale), "stale")
	c.add(unreadable, float64(s.Unreadable))
	if !s.named {
		return
	}
	for _, t := range s.targets {
		c.once(targetInfo, 1, t.portal, t.target, t.address, t.group)
	}
	for _, p := range s.paths {
		c.once(paths, float64(p.paths), p.target)
	}
	c.add(targetOmitted, float64(s.targetsLeft))
	c.add(pathsOmitted, float64(s.pathLeft))
}
