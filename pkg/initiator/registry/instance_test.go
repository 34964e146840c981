package registry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func (w *world) instances() []ports.Instance {
	w.t.Helper()
	all, err := w.Instances(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// ports returns the ports as "instance number address".
func (w *world) ports() []string {
	w.t.Helper()
	ports, err := w.Ports(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, p := range ports {
		all = append(all, fmt.Sprintf("%s %s %s %s", p.Instance, p.Number, p.Address, p.State))
	}
	return all
}

func TestAddInstanceRefusals(t *testing.T) {
	t.Parallel()
	addr := func(s string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(s)} }
	tests := []struct {
		name string
		i    ports.Instance
		code uint32 // 0: it is taken
	}{
		{name: "all addresses", i: ports.Instance{Name: "b"}},
		{name: "longest name", i: ports.Instance{Name: strings.Repeat("b", 255)}},
		{name: "blanks and slashes", i: ports.Instance{Name: "fabric B / left%"}},
		{name: "no name", code: isdsc.Win32InvalidParameter},
		{name: "name too long", i: ports.Instance{Name: strings.Repeat("b", 256)}, code: isdsc.Win32InvalidParameter},
		{name: "name too long in lower case", i: ports.Instance{Name: strings.Repeat("Ⱥ", 127)}, code: isdsc.Win32InvalidParameter},
		{name: "control character", i: ports.Instance{Name: "b\n"}, code: isdsc.Win32InvalidParameter},
		{name: "not UTF-8", i: ports.Instance{Name: "b\xff"}, code: isdsc.Win32InvalidParameter},
		{name: "built in", i: ports.Instance{Name: "Host"}, code: isdsc.InvalidParameter},
		{name: "node name", i: ports.Instance{Name: "b", NodeName: "back/up"}, code: isdsc.InvalidISCSIName},
		{name: "unusual node name", i: ports.Instance{Name: "b", NodeName: "backup"}},
		{name: "interface without a name", i: ports.Instance{Name: "b", Interfaces: []string{""}}, code: isdsc.InvalidParameter},
		{name: "no address", i: ports.Instance{Name: "b", Addresses: []netip.Addr{{}}}, code: isdsc.InvalidParameter},
		{name: "unspecified", i: ports.Instance{Name: "b", Addresses: addr("::")}, code: isdsc.InvalidParameter},
		{name: "multicast", i: ports.Instance{Name: "b", Addresses: addr("224.0.0.1")}, code: isdsc.InvalidParameter},
		{name: "broadcast", i: ports.Instance{Name: "b", Addresses: addr("255.255.255.255")}, code: isdsc.InvalidParameter},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			scene.WantCode(t, w.AddInstance(t.Context(), tt.i), tt.code)
			want := 1 // host
			if tt.code == 0 {
				want = 2
			}
			if got := w.instances(); len(got) != want {
				t.Errorf("instances %v", got)
			} else if tt.code == 0 && got[1].Name != tt.i.Name {
				t.Errorf("name %q, want %q", got[1].Name, tt.i.Name)
			}
		})
	}
}

// TestInstanceNames: names are compared without case, everywhere in the same way.
func TestInstanceNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		same bool
	}{
		{"Fabric-B", "fabric-b", true},
		{"BÄCKUP", "bäckup", true},
		{"fabric", "fabric ", false},
		{"sabc", "ſabc", false}, // which some ways to compare without case take for one
		{"Σ", "ς", false},
		{"a/b", "a%2Fb", false},
	}
	for _, tt := range tests {
		w := newWorld(t)
		for _, name := range []string{tt.a, tt.b} {
			if err := w.AddInstance(t.Context(), ports.Instance{Name: name, Interfaces: []string{"eth0"}}); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(w.instances()) == 2; got != tt.same {
			t.Errorf("%q and %q: same %t, want %t", tt.a, tt.b, got, tt.same)
		}
		selector, err := w.Selector(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{tt.a, tt.b} {
			ports, err := selector.Select(t.Context(), name, ports.N(0), netip.MustParseAddr("192.0.2.10"))
			if err != nil || !tt.same && ports[0].Instance != name {
				t.Errorf("%q: ports %v, error %v", name, ports, err)
			}
		}
		scene.WantCode(t, w.RemoveInstance(t.Context(), tt.a), isdsc.Success)
		if got := len(w.instances()) == 1; got != tt.same {
			t.Errorf("%q removed: instances %v", tt.a, w.instances())
		}
	}
}

// TestInstancesInOrder: host, then by name; what is stored has one form.
func TestInstancesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, i := range []ports.Instance{
		{Name: "c", Interfaces: []string{"eth1"}},
		{Name: "B", NodeName: "iqn.2026-11.com.Example:B", Addresses: []netip.Addr{netip.MustParseAddr("::ffff:198.51.100.2")}},
		{Name: "c", Interfaces: []string{"eth0"}},
	} {
		if err := w.AddInstance(t.Context(), i); err != nil {
			t.Fatal(err)
		}
	}
	want := []ports.Instance{
		{Name: "host"},
		{Name: "B", NodeName: "iqn.2026-11.com.Example:B", Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.2")}},
		{Name: "c", Interfaces: []string{"eth0"}},
	}
	if diff := cmp.Diff(want, w.instances(), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
	wantPorts := []string{
		"host 0 192.0.2.2 up", "host 1 198.51.100.2 up", "host 2 2001:db8::2 up",
		"B 0 198.51.100.2 up", "c 0 192.0.2.2 up", "c 1 2001:db8::2 up",
	}
	if diff := cmp.Diff(wantPorts, w.ports()); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	// What is taken out of an instance is gone for it, and keeps its number.
	if err := w.AddInstance(t.Context(), ports.Instance{Name: "C", Interfaces: []string{"eth1"}}); err != nil {
		t.Fatal(err)
	}
	wantPorts = append(wantPorts[:4], "C 0 192.0.2.2 gone", "C 1 2001:db8::2 gone", "C 2 198.51.100.2 up")
	if diff := cmp.Diff(wantPorts, w.ports()); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

// TestRemoveInstance: one that entries refer to stays.
func TestRemoveInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{})
	if err := w.AddInstance(t.Context(), ports.Instance{Name: "b", Interfaces: []string{"eth1"}}); err != nil {
		t.Fatal(err)
	}
	before := w.ports()
	p := scene.At(addr)
	p.Instance = "B"
	_, err := w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "b"), isdsc.InvalidParameter)
	if got := w.ports(); !slices.Equal(got, before) {
		t.Errorf("ports %v, want %v", got, before)
	}
	scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "b"), isdsc.Success)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "b"), isdsc.InitiatorInstanceNotFound)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "host"), isdsc.InitiatorInstanceNotFound)
	if got := w.ports(); !slices.Equal(got, before[:3]) {
		t.Errorf("ports %v, want %v", got, before[:3])
	}
	_, err = w.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.InitiatorInstanceNotFound)
}

// TestInstanceAgain (issue 13, 8): an instance that is removed and added again, in
// another case and with other addresses, has its numbers at the addresses that had
// them: what is for one port does not come to mean another.
func TestInstanceAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	port := func(address string) ports.Port {
		t.Helper()
		all, err := w.Ports(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if strings.EqualFold(p.Instance, "b") && p.Address.String() == address {
				return p
			}
		}
		t.Fatalf("no port %s in %v", address, all)
		return ports.Port{}
	}
	add := func(name string, interfaces ...string) {
		t.Helper()
		if err := w.AddInstance(t.Context(), ports.Instance{Name: name, Interfaces: interfaces}); err != nil {
			t.Fatal(err)
		}
	}
	add("b", "eth1", "eth0")
	var addresses []string
	all, err := w.Ports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Instance == "b" {
			addresses = append(addresses, p.Address.String())
		}
	}
	last := addresses[len(addresses)-1]
	before := port(last)
	key := registry.IKEInfo{ID: "192.0.2.10", Instance: "b", Port: before.Number, Key: auth.NewSecret([]byte("a preshared key"))}
	scene.WantCode(t, w.SetIKEInfo(t.Context(), key, true), isdsc.Success)
	scene.WantCode(t, w.RemoveInstance(t.Context(), "B"), isdsc.Success)
	add("B", before.Interface)
	if after := port(last); after.Number != before.Number {
		t.Errorf("%s has number %s, and had %s", last, after.Number, before.Number)
	}
	for _, p := range addresses[:len(addresses)-1] {
		if other := port(p); other.Number == before.Number {
			t.Errorf("%s took number %s", p, before.Number)
		}
	}
	if got, err := w.IKEInfo(t.Context(), "192.0.2.10", "B", before.Number); err != nil || got.Port != before.Number {
		t.Errorf("key %+v, %v", got, err)
	}
}

// TestStaleInOtherCase (issue 13, 8): what a portal found under an instance that is
// now written otherwise is stale, and can be forgotten.
func TestStaleInOtherCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	addr := w.network.Portal("192.0.2.10:3260", &iscsitest.Target{Records: scene.Records(scene.Disk1)}, &iscsitest.Target{Records: scene.Records(scene.Disk2)})
	p := scene.At(addr)
	for _, name := range []string{"b", "B"} {
		if err := w.AddInstance(t.Context(), ports.Instance{Name: name}); err != nil {
			t.Fatal(err)
		}
		p.Instance = name
		_, err := w.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
		if name == "b" {
			scene.WantCode(t, w.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)
			scene.WantCode(t, w.RemoveInstance(t.Context(), name), isdsc.Success)
		}
	}
	if m := mechanismOf(t, w, scene.Disk1); !m.Stale {
		t.Errorf("%+v is not stale", m)
	}
	if m := mechanismOf(t, w, scene.Disk2); m.Stale {
		t.Errorf("%+v is stale", m)
	}
	if n, err := w.PruneTargets(t.Context(), 0); n != 1 || err != nil {
		t.Errorf("%d pruned, %v", n, err)
	}
}

// TestNumberThatIsTold: what a result may tell is stored, whatever decided on the
// port: addresses that come later do not take the number.
func TestNumberThatIsTold(t *testing.T) {
	t.Parallel()
	for _, instance := range []string{"", "host"} {
		for _, add := range []bool{true, false} {
			w := newWorld(t)
			later := w.host
			w.host = later[1:2]
			p := scene.At(w.network.Portal("198.51.100.10:3260", &iscsitest.Target{}))
			p.Instance = instance
			ask := func() (initiator.Result, error) { return w.RefreshSendTargetPortal(t.Context(), p.Key()) }
			if add {
				ask = func() (initiator.Result, error) { return w.AddSendTargetPortal(t.Context(), p) }
			}
			_, err := ask()
			scene.WantCode(t, err, isdsc.Success)
			w.host = later
			if want := "host 0 198.51.100.2 up"; !slices.Contains(w.ports(), want) {
				t.Errorf("instance %q, add %t: ports %v, want %s", instance, add, w.ports(), want)
			}
		}
	}
}

// TestNumbersDryRun: to check a portal gives no numbers away.
func TestNumbersDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := scene.At(netip.MustParseAddrPort("192.0.2.10:3260"))
	p.Source = w.host[1].Addr
	p, err := w.CheckSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.Success)
	if p.Instance != "host" || p.Port != ports.N(1) {
		t.Errorf("port %s of %q", p.Port, p.Instance)
	}
	for r, err := range w.store.List(t.Context(), "") {
		t.Errorf("stored %s, %v", r.Key, err)
	}
}

// TestNumbersAtOnce: many who number ports at once, each with its own view of the
// host, give no number twice, and no address two.
func TestNumbersAtOnce(t *testing.T) {
	t.Parallel()
	const services, addresses, rounds = 4, 24, 20
	store := new(memstore.Store)
	seen := make([]map[netip.Addr]ports.Number, services) // by each
	var all sync.WaitGroup
	for s := range services {
		seen[s] = make(map[netip.Addr]ports.Number)
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(s), 1))
			view := func() ([]ports.Address, error) {
				var host []ports.Address
				for _, n := range random.Perm(addresses)[:1+random.IntN(addresses)] {
					addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
					host = append(host, ports.Address{Addr: addr, Interface: "eth0", Up: true})
				}
				return host, nil
			}
			service, err := registry.Open(registry.Config{Store: store, Discoverer: &initiator.Discoverer{}, Addresses: view})
			if err != nil {
				t.Error(err)
				return
			}
			for range rounds {
				ports, err := service.Ports(t.Context())
				if err != nil {
					t.Error(err)
				}
				for _, p := range ports {
					if known, ok := seen[s][p.Address]; ok && known != p.Number {
						t.Errorf("%s was port %s and is %s", p.Address, known, p.Number)
					}
					seen[s][p.Address] = p.Number
				}
			}
		})
	}
	all.Wait()
	numbers := make(map[ports.Number]netip.Addr)
	for _, own := range seen {
		for addr, n := range own {
			if other, ok := numbers[n]; ok && other != addr {
				t.Errorf("port %s is %s and %s", n, other, addr)
			}
			numbers[n] = addr
		}
	}
	if len(numbers) != addresses {
		t.Errorf("%d numbers for %d addresses", len(numbers), addresses)
	}
}

// A meddler is a store in which another writer is ahead of the first change.
type meddler struct {
	registry.Store
	meddle func()
}

func (m *meddler) Apply(ctx context.Context, changes ...registry.Change) error {
	if f := m.meddle; f != nil {
		m.meddle = nil
		f()
	}
	return m.Store.Apply(ctx, changes...)
}

// TestNumberedMeanwhile: another process numbers ports between our look and our
// change.
func TestNumberedMeanwhile(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	m := &meddler{Store: first.store}
	second := newWorld(t, func(cfg *registry.Config) { cfg.Store = m })
	first.host = first.host[1:]
	m.meddle = func() { first.ports() }
	want := []string{"host 0 198.51.100.2 up", "host 1 2001:db8::2 up", "host 2 192.0.2.2 up"}
	if diff := cmp.Diff(want, second.ports()); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[:2], first.ports()[:2]); diff != "" {
		t.Errorf("ports of the other (-want +got):\n%s", diff)
	}
}

// TestInstanceChangedMeanwhile: to remove an instance that another process changes
// removes it.
func TestInstanceChangedMeanwhile(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	m := &meddler{Store: first.store}
	second := newWorld(t, func(cfg *registry.Config) { cfg.Store = m })
	b := ports.Instance{Name: "b", Interfaces: []string{"eth0"}}
	if err := first.AddInstance(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	m.meddle = func() {
		if err := first.AddInstance(t.Context(), b); err != nil {
			t.Error(err)
		}
		first.ports()
	}
	scene.WantCode(t, second.RemoveInstance(t.Context(), "b"), isdsc.Success)
	for r, err := range first.store.List(t.Context(), "") {
		if err != nil || strings.Contains(r.Key, "/b") && !strings.HasPrefix(r.Key, "port/") {
			t.Errorf("left behind: %s, %v", r.Key, err)
		}
	}
}

// TestInstanceUsedMeanwhile: an instance that an entry begins to refer to stays,
// and an entry cannot refer to one that is just removed.
func TestInstanceUsedMeanwhile(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	m := &meddler{Store: first.store}
	second := newWorld(t, func(cfg *registry.Config) { cfg.Store = m })
	p := scene.At(first.network.Portal("192.0.2.10:3260", &iscsitest.Target{}))
	p.Instance = "b"
	if err := first.AddInstance(t.Context(), ports.Instance{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	first.ports()
	m.meddle = func() {
		_, err := first.AddSendTargetPortal(t.Context(), p)
		scene.WantCode(t, err, isdsc.Success)
	}
	scene.WantCode(t, second.RemoveInstance(t.Context(), "b"), isdsc.InvalidParameter)
	scene.WantCode(t, first.RemoveSendTargetPortal(t.Context(), p.Key()), isdsc.Success)

	m.meddle = func() { scene.WantCode(t, first.RemoveInstance(t.Context(), "b"), isdsc.Success) }
	r, err := second.AddSendTargetPortal(t.Context(), p)
	scene.WantCode(t, err, isdsc.InitiatorInstanceNotFound)
	if r.Stored || len(second.portals()) != 0 || len(second.network.Dials()) != 0 {
		t.Errorf("stored %t, entries %v, dials %v", r.Stored, second.portals(), second.network.Dials())
	}
}

// TestDamagedNumbers: records that contradict themselves are an error, not a
// reason to go on for ever.
func TestDamagedNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ key, value string }{
		{"port/host/0000000001", `{"number":0,"address":"192.0.2.77"}`},
		{"port/host/4294967295", `{"number":4294967295,"address":"192.0.2.77"}`},
		{"port/host/0000000001", `{"number":1,"address":""}`},
		{"port/host/0000000001", `{"number":1`},
	} {
		w := newWorld(t)
		if err := w.store.Apply(t.Context(), registry.Change{Key: tt.key, Value: []byte(tt.value)}); err != nil {
			t.Fatal(err)
		}
		_, err := w.Ports(t.Context())
		scene.WantCode(t, err, isdsc.CacheCorrupted)
	}
}
