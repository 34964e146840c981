package host_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// wants runs a Host that reads config/.
func (w *world) wants() (*running, chan *host.Wanted) {
	all := make(chan *host.Wanted, 100)
	return w.run(setting{config: func(cfg *host.Config) { cfg.Wanted = func(is *host.Wanted) { all <- is } }}), all
}

// next waits for what config/ has next.
func next(t *testing.T, all chan *host.Wanted) *host.Wanted {
	t.Helper()
	select {
	case w := <-all:
		return w
	case <-time.After(waitLimit):
		t.Fatal("config/ was not told")
		return nil
	}
}

func portal(address string) initiator.Portal {
	return initiator.Portal{Address: address, Port: 3260}
}

// What config/ has is told at the start and at each change; what comes together is told
// once. What cannot be used is a fault, and stops nothing else.
func TestConfig(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		const flags = uint64(ipsec.FlagValid | ipsec.FlagIKE)
		good := fleet.Portal{Address: "192.0.2.1", TCPPort: 3260, Login: "l", Hosts: []string{"b*"}}
		policy := fleet.Policy{Selector: "192.0.2.0/24", Flags: flags}
		login := fleet.Login{Name: "l", User: "u", Secret: "cred:s"}
		lie := fleet.Portal{Address: "192.0.2.9", TCPPort: 3260}
		weak := fleet.Policy{Selector: "192.0.2.1", Flags: uint64(ipsec.FlagValid)}
		reaching := fleet.Login{Name: "m", User: "u", Secret: "file:/etc/shadow"}
		w.put(w.keys.Portal(portal("192.0.2.1")), string(good.Encode()))
		w.put(w.keys.Policy("192.0.2.0/24"), string(policy.Encode()))
		w.put(w.keys.Login("l"), string(login.Encode()))
		w.put(w.keys.Portal(portal("192.0.2.2")), `{"schema":9}`)
		w.put(w.keys.Portal(portal("192.0.2.3")), string(lie.Encode()))
		w.put(w.keys.Portal(portal("192.0.2.4")), strings.Repeat("x", fleet.MaxRecordLen+1))
		w.put(w.keys.Policy("192.0.2.1"), string(weak.Encode()))
		w.put(w.keys.Login("m"), string(reaching.Encode()))
		w.put(w.keys.Config()+"portal/..%2f..%2f\x1b[2J", "{}")
		w.put(w.keys.Config()+strings.Repeat("x", 2000), "{}")
		r, all := w.wants()
		got := next(w.T, all)
		if len(got.Portals) != 1 || got.Portals[0].Login != "l" || len(got.Policies) != 1 || len(got.Logins) != 1 || got.Logins["l"].Secret != "cred:s" || got.Partial {
			w.Errorf("got %+v", got)
		}
		newer, bad, foreign := 0, 0, 0
		for _, f := range got.Faults {
			switch {
			case errors.As(f, new(*fleet.NewerError)):
				newer++
				if f.Of.Kind != fleet.KindPortal || f.Of.Entry.Portal.Address != "192.0.2.2" {
					w.Errorf("got %+v", f)
				}
			case errors.As(f, new(*fleet.RecordError)):
				bad++
			case errors.As(f, new(*host.ForeignError)):
				foreign++
			}
			if strings.ContainsAny(f.Error(), "\x1b\n") || len(f.Error()) > 2000 || strings.Contains(f.Error(), "shadow") {
				w.Errorf("got %q", f.Error())
			}
		}
		if newer != 1 || bad != 4 || foreign != 2 {
			w.Errorf("got %d newer, %d bad, %d foreign: %v", newer, bad, foreign, got.Faults)
		}
		r.connected()
		for n := range 50 {
			p := fleet.Portal{Address: fmt.Sprintf("198.51.100.%d", n), TCPPort: 3260}
			w.put(w.keys.Portal(portal(p.Address)), string(p.Encode()))
		}
		w.remove(w.keys.Portal(portal("192.0.2.2")))
		rounds := 0
		for len(got.Portals) != 51 || len(got.Faults) != 6 {
			got = next(w.T, all)
			rounds++
		}
		if rounds > 25 {
			w.Errorf("51 changes were told in %d rounds", rounds)
		}
	})
}

// What changes while the host is cut off is told when it is back, also where the history
// in between is compacted; where nothing changed nothing is told.
func TestConfigMeanwhile(t *testing.T) {
	onOwn(t, etcdtest.Options{}, func(w *world) {
		r, all := w.wants()
		if got := next(w.T, all); len(got.Portals)+len(got.Faults) != 0 {
			w.Errorf("got %+v", got)
		}
		r.connected()
		r.cut()
		p := fleet.Portal{Address: "192.0.2.1", TCPPort: 3260}
		w.put(w.keys.Portal(portal(p.Address)), string(p.Encode()))
		w.put(w.keys.Portal(portal("192.0.2.2")), "{")
		w.remove(w.keys.Portal(portal("192.0.2.2")))
		w.server.Compact(w.T)
		r.heal()
		if got := next(w.T, all); len(got.Portals) != 1 || len(got.Faults) != 0 {
			w.Errorf("got %+v", got)
		}
		r.cut()
		r.heal()
		r.sees(1, "x")
		w.hasPaths("a", 1)
		w.put(w.keys.Portal(portal("192.0.2.2")), "{")
		if got := next(w.T, all); len(got.Faults) != 1 {
			w.Errorf("got %+v, though nothing had changed", got)
		}
	})
}

// Of more records than are read the rest is told to be there.
func TestConfigTooMuch(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		var puts []clientv3.Op
		for n := range host.MaxConfig + 1 {
			puts = append(puts, clientv3.OpPut(fmt.Sprintf("%sx%05d", w.keys.Config(), n), ""))
		}
		for some := range slices.Chunk(puts, etcdOps) {
			if _, err := w.admin.Txn(w.Context()).Then(some...).Commit(); err != nil {
				w.Fatal(err)
			}
		}
		_, all := w.wants()
		got := next(w.T, all)
		if !got.Partial || len(got.Faults) != host.MaxConfig+1 || got.Faults[0].Key != "" {
			w.Errorf("got partial %t, %d faults", got.Partial, len(got.Faults))
		}
		w.remove(w.keys.Config() + "x00000")
		if got := next(w.T, all); got.Partial || len(got.Faults) != host.MaxConfig {
			w.Errorf("got partial %t, %d faults", got.Partial, len(got.Faults))
		}
	})
}

// Foreign keys below config/ that are together more than an answer of etcd may be hide no
// portal.
func TestConfigLarge(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		for n := range 20 {
			w.put(fmt.Sprintf("%slarge%02d", w.keys.Config(), n), strings.Repeat("x", 1<<20))
		}
		p := fleet.Portal{Address: "192.0.2.1", TCPPort: 3260}
		w.put(w.keys.Portal(portal("192.0.2.1")), string(p.Encode()))
		_, all := w.wants()
		if is := next(t, all); len(is.Portals) != 1 || len(is.Faults) != 20 {
			t.Errorf("got portals %v and %d faults, want one portal and 20 faults", is.Portals, len(is.Faults))
		}
		if _, err := w.admin.Delete(t.Context(), w.keys.Prefix(), clientv3.WithPrefix()); err != nil {
			t.Fatal(err)
		}
	})
}

// Nor do such keys below a host's own prefix keep it from publishing.
func TestOwnLarge(t *testing.T) {
	on(t, etcdtest.Built, func(w *world) {
		for n := range 20 {
			w.put(fmt.Sprintf("%sportal/large%02d", w.keys.Host("a"), n), strings.Repeat("x", 1<<20))
		}
		r := w.run(setting{})
		r.sees(1, "x")
		if s := r.connected(); s.Published != 1 {
			t.Errorf("got %+v, want a path that is published", s)
		}
		if _, err := w.admin.Delete(t.Context(), w.keys.Prefix(), clientv3.WithPrefix()); err != nil {
			t.Fatal(err)
		}
	})
}
