package metrics

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

var at = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func key(host string) initiator.Key {
	return initiator.Key{Portal: initiator.Portal{Address: host, Port: 3260}}
}

// state returns the state of an entry after an attempt that ended n seconds after at.
func state(host string, n int, err error) *watch.State {
	now := at.Add(time.Duration(n) * time.Second)
	s := &watch.State{
		Key: key(host), Status: watch.Up, LastAttempt: now, LastOK: now, Next: now.Add(time.Minute), Targets: 3,
		Last: &initiator.Result{Elapsed: 3 * time.Millisecond, Err: err, Auth: auth.Outcome{Method: "CHAP", Algorithm: auth.SHA256, Mutual: true}, Proof: &enforce.Proof{Enforcer: "xfrm"}},
	}
	if err != nil {
		s.Status, s.LastOK, s.FailingSince, s.Failures = watch.Down, time.Time{}, now, 1
	}
	return s
}

func refusal(status pdu.Status) error {
	return &initiator.Error{Stage: initiator.StageLogin, Err: &pdu.LoginError{Status: status}}
}

// full returns a Table in which each metric has a series.
func full() *Table {
	t := NewTable()
	t.SetFleet(func() Fleet {
		return Fleet{Connected: true, Since: time.Now(), Published: 1, Waiting: 1, Leading: true}
	})
	t.SetPair(func() Pair { return Pair{Active: true, Connected: true, Since: time.Now()} })
	t.Report(state("192.0.2.1", 0, nil))
	t.Report(state("192.0.2.2", 0, refusal(pdu.StatusAuthFailure)))
	t.Count(&watch.Event{Type: watch.PortalFailed, Key: key("192.0.2.2")})
	s := state("192.0.2.3", 0, nil)
	s.ISNS = true
	t.Report(s)
	t.Notices(s.Key.Portal, isns.SubscriptionState{Registered: true, Notice: true})
	t.SetCensus(Census{Portals: 2, Seen: 1, named: true, targets: []targetSeries{{"192.0.2.1:3260", "iqn.x:a", "192.0.2.1:3260", "1"}}, paths: []pathSeries{{"iqn.x:a", 1}}})
	return t
}

// TestLint: the names, types and help texts are as Prometheus wants them.
func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(NewRegistries(full(), "v0"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n, err := testutil.GatherAndCount(NewRegistries(full(), "v0")); err != nil || n < len(all) {
		t.Errorf("got %d series, error %v, want at least one of each of %d metrics", n, err, len(all))
	}
}

// TestOneMetricAtOnce: no registry gathers more than one metric of the table: all at once
// would be too much memory.
func TestOneMetricAtOnce(t *testing.T) {
	t.Parallel()
	list := NewRegistries(full(), "v0")
	for i, r := range list[:len(list)-1] {
		if families, err := r.Gather(); err != nil || len(families) != 1 {
			t.Errorf("%s: got %d metrics, %v", all[i].name, len(families), err)
		}
	}
}

// text returns the series as they are scraped, one a line.
func text(t *testing.T, table *Table) string {
	t.Helper()
	var b strings.Builder
	list := NewRegistries(table, "v0")
	if err := write(&b, expfmt.NewFormat(expfmt.TypeTextPlain), list[:len(list)-1]); err != nil { // the last has the process
		t.Fatal(err)
	}
	return b.String()
}

// TestSeries: what a state says is told.
func TestSeries(t *testing.T) {
	t.Parallel()
	got := text(t, full())
	for _, want := range []string{
		`iscsi_discovery_up{instance="",port="all",portal="192.0.2.1:3260"} 1`,
		`iscsi_discovery_up{instance="",port="all",portal="192.0.2.2:3260"} 0`,
		`iscsi_discovery_targets{instance="",port="all",portal="192.0.2.1:3260"} 3`,
		`iscsi_discovery_attempts_total{instance="",port="all",portal="192.0.2.1:3260",result="ok",stage=""} 1`,
		`iscsi_discovery_attempts_total{instance="",port="all",portal="192.0.2.2:3260",result="error",stage="login"} 1`,
		`iscsi_discovery_duration_seconds_bucket{portal="192.0.2.1:3260",le="0.0025"} 0`,
		`iscsi_discovery_duration_seconds_bucket{portal="192.0.2.1:3260",le="0.005"} 1`,
		`iscsi_discovery_failing_since_timestamp_seconds{instance="",port="all",portal="192.0.2.2:3260"} 1.7959536e+09`,
		`iscsi_discovery_failure_info{code_name="ISDSC_AUTHENTICATION_FAILURE",login_status="0x0201",portal="192.0.2.2:3260",stage="login"} 1`,
		`iscsi_discovery_auth_info{algorithm="sha256",method="chap",mutual="true",portal="192.0.2.1:3260"} 1`,
		`iscsi_discovery_ipsec_info{enforcer="xfrm",origin="default",plan="none",portal="192.0.2.1:3260"} 1`,
		`iscsi_discovery_changes_total{portal="192.0.2.2:3260",type="portal-failed"} 1`,
		`iscsi_discovery_registry_up 1`,
		`iscsi_discovery_registry_targets{state="seen"} 1`,
		`iscsi_discovery_target_info{address="192.0.2.1:3260",group="1",portal="192.0.2.1:3260",target="iqn.x:a"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	if strings.Contains(got, `targets{instance="",port="all",portal="192.0.2.2:3260"}`) {
		t.Error("a portal that never answered has a number of targets")
	}
	if t.Failed() {
		t.Log(got)
	}
}

// TestRemoved: an entry that is not watched any more leaves no series.
func TestRemoved(t *testing.T) {
	t.Parallel()
	table := full()
	table.SetFleet(nil)
	table.SetPair(nil)
	table.SetCensus(Census{})
	empty := text(t, func() *Table { e := NewTable(); e.SetCensus(Census{}); return e }())
	for _, host := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.2"} {
		table.Report(&watch.State{Key: key(host), Removed: true})
	}
	table.Report(&watch.State{Key: key("192.0.2.3"), ISNS: true, Removed: true})
	table.Notices(key("192.0.2.3").Portal, isns.SubscriptionState{}) // the registration ends after that
	table.late = histogram{}                                         // of no entry: it stays
	if got := text(t, table); got != empty {
		t.Errorf("got %s, want %s", got, empty)
	}
	if len(table.entries)+len(table.portals)+len(table.servers) != 0 {
		t.Errorf("%d entries, %d portals and %d servers stay in memory", len(table.entries), len(table.portals), len(table.servers))
	}
}

// TestTwoEntries: two entries of one portal that fail for one reason share a series, which
// Prometheus would refuse twice, and the histogram stays until both are gone.
func TestTwoEntries(t *testing.T) {
	t.Parallel()
	table := NewTable()
	for i := range 2 {
		s := state("192.0.2.1", 0, refusal(pdu.StatusAuthFailure))
		s.Key.Instance = fmt.Sprint("i", i)
		table.Report(s)
	}
	if n := strings.Count(text(t, table), "failure_info{"); n != 1 {
		t.Errorf("got %d series, want 1", n)
	}
	table.Report(&watch.State{Key: initiator.Key{Instance: "i0", Portal: key("192.0.2.1").Portal}, Removed: true})
	if got := text(t, table); !strings.Contains(got, "duration_seconds_count{") || strings.Contains(got, `"i0"`) {
		t.Errorf("got %s", got)
	}
}

// TestAttemptsOnce: a report without a new attempt, as when one begins, counts nothing.
func TestAttemptsOnce(t *testing.T) {
	t.Parallel()
	table := NewTable()
	for n := range 4 {
		s := state("192.0.2.1", n, refusal(pdu.StatusAuthFailure))
		if n%2 == 1 {
			s.Last = nil
		}
		table.Report(s)
	}
	if got := text(t, table); !strings.Contains(got, `result="error",stage="login"} 2`) || !strings.Contains(got, "failure_info{") {
		t.Errorf("got %s", got)
	}
}

// TestBounded: no target makes the number of series grow by what it sends.
func TestBounded(t *testing.T) {
	t.Parallel()
	table := NewTable()
	seen := make(map[Failure]bool)
	for status := range 0x10000 {
		seen[*FailureOf(refusal(pdu.Status(status)))] = true
	}
	if len(seen) > 200 {
		t.Errorf("login statuses make %d label sets", len(seen))
	}
	for i := range 1000 {
		table.Report(state("192.0.2.1", i, &initiator.Error{Stage: initiator.StageDiscover, Err: fmt.Errorf("free text %d", i)}))
	}
	got := text(t, table)
	if n := strings.Count(got, "\n"); n > 100 {
		t.Errorf("got %d lines", n)
	}
	if strings.Contains(got, "free text") {
		t.Error("free text is in a label")
	}
}

// targetsOf is a Registry.
type targetsOf struct {
	targets []registry.KnownTarget
	err     error
}

func (r *targetsOf) SendTargetPortals(context.Context) iter.Seq2[registry.StoredPortal, error] {
	return func(yield func(registry.StoredPortal, error) bool) { yield(registry.StoredPortal{}, r.err) }
}

func (r *targetsOf) Targets(context.Context, bool) iter.Seq2[registry.KnownTarget, error] {
	return func(yield func(registry.KnownTarget, error) bool) {
		for _, t := range r.targets {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func never(error) bool { return false }

// TestCensus: targets are counted by whether an entry sees them, and named on request
// only, as far as there is room.
func TestCensus(t *testing.T) {
	t.Parallel()
	seen := registry.Mechanism{Portal: key("192.0.2.1"), Addresses: []target.Address{{Host: "2001:db8::1", Port: 3260, Group: 1}}}
	missing, stale := seen, seen
	missing.MissingSince, stale.Stale = at, true
	r := &targetsOf{targets: []registry.KnownTarget{
		{Name: "iqn.x:a", Mechanisms: []registry.Mechanism{seen, seen, missing}},
		{Name: "iqn.x:b", Mechanisms: []registry.Mechanism{missing, stale}},
		{Name: "iqn.x:c", Mechanisms: []registry.Mechanism{stale}},
	}}
	c, err := TakeCensus(t.Context(), r, false, never)
	if err != nil || c.Portals != 1 || c.Seen != 1 || c.Missing != 1 || c.Stale != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
	table := NewTable()
	table.SetCensus(c)
	if got := text(t, table); strings.Contains(got, "iqn.") {
		t.Errorf("a name of a target is in a label: %s", got)
	}
	if c, err = TakeCensus(t.Context(), r, true, never); err != nil {
		t.Fatal(err)
	}
	table.SetCensus(c)
	for _, want := range []string{
		`iscsi_discovery_paths{target="iqn.x:a"} 2`, `iscsi_discovery_paths{target="iqn.x:b"} 0`,
		`iscsi_discovery_target_info{address="[2001:db8::1]:3260",group="1",portal="192.0.2.1:3260",target="iqn.x:a"} 1`,
	} {
		if got := text(t, table); !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s in %s", want, got)
		}
	}
	r.targets = make([]registry.KnownTarget, MaxTargetSeries+5)
	for i := range r.targets {
		r.targets[i] = registry.KnownTarget{Name: fmt.Sprint("iqn.x:", i), Mechanisms: []registry.Mechanism{seen}}
	}
	if c, err = TakeCensus(t.Context(), r, true, never); err != nil {
		t.Fatal(err)
	}
	table.SetCensus(c)
	got := text(t, table)
	if n := strings.Count(got, "iscsi_discovery_target_info{"); n != MaxTargetSeries {
		t.Errorf("got %d series, want %d", n, MaxTargetSeries)
	}
	if !strings.Contains(got, "iscsi_discovery_target_info_omitted 5\n") || !strings.Contains(got, "iscsi_discovery_paths_omitted 5\n") {
		t.Error("what is left out is not told")
	}
}

// TestUnreadable: a registry that cannot be read is told, and so is one record.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	if _, err := TakeCensus(t.Context(), &targetsOf{err: broken}, false, never); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	c, err := TakeCensus(t.Context(), &targetsOf{err: broken}, false, func(error) bool { return true })
	if err != nil || c.Unreadable != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
	table := full()
	table.SetUnreadable()
	got := text(t, table)
	if !strings.Contains(got, "iscsi_discovery_registry_up 0\n") || strings.Contains(got, "registry_portals ") || strings.Contains(got, "iqn.") {
		t.Errorf("got %s", got)
	}
	table.Count(&watch.Event{Type: watch.SourceRecovered})
	if got := text(t, table); !strings.Contains(got, "iscsi_discovery_registry_up 1\n") {
		t.Errorf("got %s", got)
	}
}
