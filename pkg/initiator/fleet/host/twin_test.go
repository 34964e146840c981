package host_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// refused waits until a host says that its name is taken.
func (r *running) refused(id string) {
	r.w.Helper()
	var twin *host.TwinError
	r.state("that tells the other one", func(s host.State) bool { return !s.Connected && errors.As(s.Err, &twin) && twin.ID == id })
	if twin.Host != "a" || twin.Key != r.w.keys.Info("a") {
		r.w.Errorf("got %+v", twin)
	}
}

// Of two hosts with one name the first one publishes; the other says so and waits until
// the name is free.
func TestTwins(t *testing.T) {
	onEach(t, func(w *world) {
		first := w.run(setting{id: "one"})
		first.sees(1, "x")
		first.connected()
		second := w.run(setting{id: "two"})
		second.sees(2, "x")
		second.refused("one")
		w.hasPaths("a", 1)
		w.hasTwins("a", "two")
		third := w.run(setting{id: "three"})
		w.hasTwins("a", "two", "three")
		third.stop()
		w.hasTwins("a", "two")
		first.stop()
		w.hasPaths("a", 2)
		second.connected()
		w.hasTwins("a")
	})
}

// A host that was cut off for so long that another one took its name does not take it back,
// and nothing of it stays.
func TestTwinMeanwhile(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		first := w.run(setting{id: "one", limits: host.Limits{TTL: shortTTL, Request: 5 * time.Second}})
		first.sees(1, "x")
		first.connected()
		first.cut()
		w.gone("a")
		second := w.run(setting{id: "two"})
		second.sees(2, "x")
		second.connected()
		first.heal()
		first.refused("two")
		w.hasPaths("a", 2)
		w.hasTwins("a", "one")
		first.client.Close() // the process dies
		w.hasTwins("a")
	})
}

// A process that starts again before its lease ended takes over: what it saw before and
// does not see any more ends with the old lease.
func TestRestart(t *testing.T) {
	onEach(t, func(w *world) {
		before := w.run(setting{id: "one", limits: host.Limits{TTL: 2 * shortTTL}})
		before.sees(1, "x")
		before.sees(2, "x")
		before.connected()
		w.hasPaths("a", 1, 2)
		before.client.Close()
		after := w.run(setting{id: "one"})
		after.sees(1, "x", "y")
		w.path("a", 1, func(p *fleet.Path) bool { return p.Targets == 2 })
		w.hasPaths("a", 1)
		w.hasTwins("a")
	})
}

// Of two processes with one registry the later one has the name; the earlier one does not
// take it back as long as the other is there.
func TestDisplaced(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		first := w.run(setting{id: "one"})
		first.sees(1, "x")
		first.sees(2, "x")
		first.connected()
		second := w.run(setting{id: "one"})
		second.sees(2, "x")
		first.refused("one")
		w.hasPaths("a", 2)
		for len(first.infos) > 0 {
			<-first.infos
		}
		<-first.infos // another try
		<-first.infos
		w.hasPaths("a", 2)
		second.stop()
		w.hasPaths("a", 1, 2)
	})
}

// A record of the host that a newer version wrote stays; one that cannot be read, and
// paths that nobody keeps alive, are replaced. Foreign keys stay.
func TestWhatIsThere(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		info := w.keys.Info("a")
		w.put(info, `{"schema":99}`)
		w.put(w.keys.Path("a", entry(1)), "{")
		w.put(w.keys.Path("a", entry(2)), `{"schema":1,"host":"a"}`)
		w.put(w.keys.Answer("a", fleet.Digest{1}, 0), "x")
		foreign := w.keys.Host("a") + "portal/foreign"
		w.put(foreign, "x")
		r := w.run(setting{})
		r.sees(1, "x")
		r.refused("")
		w.put(info, "\x1b[2J{")
		w.path("a", 1, func(p *fleet.Path) bool { return p.Up })
		w.holds("the rest", w.keys.Host("a"), func(all map[string]string) bool { return len(all) == 3 && all["portal/foreign"] == "x" })
	})
}

// A record of the host that somebody removes is written again, with all the rest.
func TestInfoRemoved(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		r := w.run(setting{})
		r.sees(1, "x")
		r.connected()
		w.remove(w.keys.Info("a"))
		w.holds("the record", w.keys.Info("a"), func(all map[string]string) bool { return len(all) == 1 })
		r.sees(2, "x")
		w.hasPaths("a", 1, 2)
	})
}

// hasTwins waits until these other hosts tell that they have the name of a host.
func (w *world) hasTwins(name string, ids ...string) {
	w.Helper()
	var keys []string
	for _, id := range ids {
		keys = append(keys, fleet.TwinOf(id))
	}
	slices.Sort(keys)
	all := w.holds(fmt.Sprint("twins ", ids), w.keys.Twins(name), func(is map[string]string) bool { return slices.Equal(keysOf(is), keys) })
	for _, id := range ids {
		if t, err := fleet.DecodeTwin(name, []byte(all[fleet.TwinOf(id)])); err != nil || t.ID != id || t.Version != "test" {
			w.Errorf("got %+v, error %v, want %s", t, err, id)
		}
	}
}
