package view

import (
	"reflect"
	"testing"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
)

// TestServerBesidePortal: a portal and an iSNS server at one address are two, and one of them
// that is gone leaves the other.
func TestServerBesidePortal(t *testing.T) {
	t.Parallel()
	s := newState(fleettest.Keys(t, "f"))
	entry := fleettest.Entry("192.0.2.1")
	server := entry
	server.ISNS = true
	put := func(key string, value []byte) { s.put(&mvccpb.KeyValue{Key: []byte(key), Value: value}) }
	put(s.keys.Info("a"), (&fleet.Info{Host: "a"}).Encode())
	put(s.keys.Path("a", entry), (&fleet.Path{Host: "a", Up: true, Targets: 1}).Encode())
	put(s.keys.Path("a", server), (&fleet.Path{Host: "a", ISNS: true, Stage: "connect"}).Encode())
	got := s.view().Portals()
	if len(got) != 2 || got[0].Portal != got[1].Portal || got[0].ISNS || !got[1].ISNS || got[0].Failing != 0 || got[1].Failing != 1 {
		t.Errorf("got %+v", got)
	}
	s.remove(&mvccpb.KeyValue{Key: []byte(s.keys.Path("a", server))})
	if got := s.view().Portals(); len(got) != 1 || got[0].ISNS {
		t.Errorf("got %+v", got)
	}
}

// TestTwins: hosts whose name another one has are told, also where none publishes, and a bound
// number of them.
func TestTwins(t *testing.T) {
	t.Parallel()
	s := newState(fleettest.Keys(t, "f"))
	put := func(key string, value []byte) { s.put(&mvccpb.KeyValue{Key: []byte(key), Value: value}) }
	twin := func(id string) {
		put(s.keys.Twin("a", fleet.TwinOf(id)), (&fleet.Twin{Host: "a", ID: id, Version: "v2"}).Encode())
	}
	put(s.keys.Info("a"), (&fleet.Info{Host: "a", ID: "1"}).Encode())
	if d := Diff(s.view(), nil); len(d.Twice) != 0 {
		t.Errorf("got %+v", d.Twice)
	}
	twin("3")
	twin("2")
	before := s.view()
	d := Diff(before, nil)
	if len(d.Twice) != 1 || d.Twice[0].Host != "a" || d.Twice[0].Info.ID != "1" || len(d.Twice[0].Others) != 2 || d.Twice[0].Others[0].ID != "2" {
		t.Errorf("got %+v", d.Twice)
	}
	s.remove(&mvccpb.KeyValue{Key: []byte(s.keys.Info("a"))})
	s.remove(&mvccpb.KeyValue{Key: []byte(s.keys.Twin("a", fleet.TwinOf("2")))})
	if d := Diff(s.view(), nil); len(d.Twice) != 1 || d.Twice[0].Info != nil || len(d.Twice[0].Others) != 1 {
		t.Errorf("got %+v", d.Twice)
	}
	if len(before.Hosts["a"].Twins) != 2 {
		t.Error("a View that was handed out has changed")
	}
	for i := range 100 {
		twin(string(rune('A' + i)))
	}
	if v := s.view(); len(v.Hosts["a"].Twins) != fleet.MaxTwins || v.OddCount != 100+1-fleet.MaxTwins {
		t.Errorf("got %d twins, %d odd keys", len(v.Hosts["a"].Twins), v.OddCount)
	}
	put(s.keys.Twin("b", fleet.TwinOf("1")), []byte("{"))
	if d := Diff(s.view(), nil); len(d.Twice) != 1 {
		t.Errorf("got %+v", d.Twice)
	}
}

// TestSameInitiator: hosts that have one initiator name are told, also where they write it in
// another case; a silent host and one without a name are not.
func TestSameInitiator(t *testing.T) {
	t.Parallel()
	s := newState(fleettest.Keys(t, "f"))
	for host, iqn := range map[string]string{
		"d": "iqn.x:one", "c": "iqn.x:One", "a": "iqn.x:two", "b": "iqn.x:three", "e": "", "f": "", "h": "iqn.x:TWO", "g": "iqn.x:one",
	} {
		s.put(&mvccpb.KeyValue{Key: []byte(s.keys.Info(host)), Value: (&fleet.Info{Host: host, InitiatorName: iqn}).Encode()})
	}
	s.remove(&mvccpb.KeyValue{Key: []byte(s.keys.Info("g"))})
	s.put(&mvccpb.KeyValue{Key: []byte(s.keys.Known("g")), Value: (&fleet.Known{Host: "g"}).Encode()})
	want := []SameInitiator{{"iqn.x:two", []string{"a", "h"}}, {"iqn.x:One", []string{"c", "d"}}}
	if got := Diff(s.view(), nil).Same; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestNoteFirst: the leader's note of a new host may be read before the host's own record, which
// is older: the host has appeared. Where the note is older than the record the host is back.
func TestNoteFirst(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		info, known int64 // revisions
		want        Type
	}{{7, 8, HostAppeared}, {8, 7, HostBack}} {
		s := newState(fleettest.Keys(t, "f"))
		put := func(key string, revision int64, value []byte) {
			s.put(&mvccpb.KeyValue{Key: []byte(key), Value: value, CreateRevision: revision, ModRevision: revision})
		}
		put(s.keys.Known("a"), tt.known, (&fleet.Known{Host: "a"}).Encode())
		before := s.view()
		put(s.keys.Info("a"), tt.info, (&fleet.Info{Host: "a"}).Encode())
		if got := Events(before, s.view()); len(got) != 1 || got[0].Type != tt.want || got[0].Host != "a" {
			t.Errorf("info of %d, note of %d: got %+v, want %s", tt.info, tt.known, got, tt.want)
		}
	}
}
