package host_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A host writes what it sees, and what changes in it; what stays as it is costs no write,
// however often it is seen and however many intervals go by.
func TestWritesOnChangeOnly(t *testing.T) {
	onEach(t, func(w *world) {
		r := w.run(setting{})
		r.sees(1, "x", "y")
		r.sees(2, "y", "x")
		r.fails(3, 0, errors.New("connection refused"))
		w.hasPaths("a", 1, 2, 3)
		one := w.path("a", 1, func(p *fleet.Path) bool { return p.Up })
		two := w.path("a", 2, func(p *fleet.Path) bool { return p.Up })
		if one.Answer.IsZero() || one.Answer != two.Answer || one.Targets != 2 || one.Source != "192.0.2.2" || one.Since.IsZero() {
			t.Errorf("got %+v and %+v", one, two)
		}
		three := w.path("a", 3, func(p *fleet.Path) bool { return !p.Up })
		if three.Stage != "connect" || three.Code == 0 || !strings.Contains(three.Message, "connection refused") || !three.Answer.IsZero() {
			t.Errorf("got %+v", three)
		}
		before := w.revision()
		for range 100 {
			r.sees(1, "x", "y")
			r.sees(2, "x", "y")
			r.fails(3, 0, errors.New("Connection refused again"))
		}
		for len(r.infos) > 0 {
			<-r.infos
		}
		for range 3 {
			<-r.infos // once in each interval
		}
		if n := w.writes(before); n != 0 {
			t.Errorf("got %d writes at rest", n)
		}
		before = w.revision()
		r.sees(2, "x")
		w.path("a", 2, func(p *fleet.Path) bool { return p.Targets == 1 })
		if n := w.writes(before); n != 1 {
			t.Errorf("got %d writes for one change", n)
		}
		r.fails(1, 2, errors.New("no route"))
		down := w.path("a", 1, func(p *fleet.Path) bool { return !p.Up })
		if down.Answer != one.Answer || down.Targets != 2 {
			t.Errorf("got %+v, want the answer of before", down)
		}
		r.forgets(3)
		w.hasPaths("a", 1, 2)
		if s := r.State(); !s.Connected || s.Published != 2 && s.Published != 3 || s.Err != nil {
			t.Errorf("got %+v", s)
		}
		r.stop()
		w.gone("a") // at once: the lease is long
		if s := r.State(); s.Connected || s.Published != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

// The record of the host is written when it changes.
func TestInfo(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		version := make(chan string, 1)
		version <- "1"
		r := w.run(setting{config: func(cfg *host.Config) {
			cfg.Info = func() fleet.Info {
				v := <-version
				version <- v
				return fleet.Info{ID: "x", Version: v, Host: "somebody else"}
			}
		}})
		is := func(want string) {
			t.Helper()
			w.holds("version "+want, w.keys.Info("a"), func(all map[string]string) bool {
				i, err := fleet.DecodeInfo("a", []byte(all[""]))
				return err == nil && i.Version == want && i.Host == "a"
			})
		}
		is("1")
		r.connected()
		<-version
		version <- "2"
		is("2")
	})
}

// What a process leaves when it dies ends with its lease; one that is cut off for longer
// than that writes all again when it is back, once.
func TestLeaseEnds(t *testing.T) {
	onEach(t, func(w *world) {
		r := w.run(setting{limits: host.Limits{TTL: shortTTL, Request: 5 * time.Second}})
		r.sees(1, "x")
		r.sees(2, "x")
		r.state("that has heard that both are written", func(s host.State) bool { return s.Published == 2 && s.Waiting == 0 })
		w.hasPaths("a", 1, 2)
		r.cut()
		w.gone("a")
		err := r.failed() // before there is anything to write
		r.sees(2, "x", "y")
		r.sees(3)
		r.forgets(1)
		if lease := (*host.LeaseError)(nil); !errors.As(err, &lease) {
			t.Errorf("got %v, want a LeaseError first", err)
		}
		if s := r.State(); s.Connected || s.Since.IsZero() || s.Waiting == 0 {
			t.Errorf("got %+v", s)
		}
		r.heal()
		w.hasPaths("a", 2, 3)
		w.path("a", 2, func(p *fleet.Path) bool { return p.Targets == 2 })
		r.connected()
		r.client.Close() // the process dies
		w.gone("a")
	})
}

// A host that is cut off for less than its lease writes nothing again but what changed.
func TestShortCut(t *testing.T) {
	onEach(t, func(w *world) {
		r := w.run(setting{limits: host.Limits{Request: time.Second}})
		for n := range 200 {
			r.sees(n, "x")
		}
		r.state("with all", func(s host.State) bool { return s.Published == 200 })
		before := w.revision()
		r.cut()
		r.sees(7, "y")
		r.forgets(8)
		r.failed() // it reads again what is there
		r.heal()
		w.path("a", 7, func(p *fleet.Path) bool { return p.Up })
		w.holds("199 paths", w.keys.Host("a")+"portal/", func(all map[string]string) bool { return len(all) == 199 })
		for _, k := range w.wrote(before) {
			if k.key != w.keys.Path("a", entry(7)) && k.key != w.keys.Path("a", entry(8)) {
				t.Errorf("%s is written again, and has not changed", k.key)
			}
		}
	})
}

// A server that is killed and started again has all, and gets what changed meanwhile.
func TestServerKilled(t *testing.T) {
	onOwn(t, etcdtest.Options{}, func(w *world) {
		r := w.run(setting{})
		r.sees(1, "x")
		r.sees(2, "x")
		w.hasPaths("a", 1, 2)
		w.server.Kill()
		r.sees(3, "x")
		r.forgets(1)
		w.server.Start(w.T)
		w.server.AwaitHealthy(t)
		w.hasPaths("a", 2, 3)
	})
}
