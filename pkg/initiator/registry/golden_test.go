package registry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A golden is a registry that the command of an earlier commit made, by the recipe of
// test/golden. What the recipe asks for is in the other files golden_….
type golden struct {
	*world
	recent bool // with what the command of ac73c42 did not know
	path   string
	file   []byte // what was in it
	sealer *seal.Sealer
}

func openGolden(t *testing.T, commit string) *golden {
	t.Helper()
	dir, from := t.TempDir(), filepath.Join("sqlite", "testdata", "golden", commit, "key-file")
	g := &golden{recent: commit != "ac73c42", path: filepath.Join(dir, "registry.db"), sealer: seal.KeyFile(filepath.Join(dir, "registry.key"))}
	for _, name := range []string{"registry.key", "registry.db"} {
		var err error
		if g.file, err = os.ReadFile(filepath.Join(from, name)); err == nil {
			err = os.WriteFile(filepath.Join(dir, name), g.file, 0o600) // a checkout keeps no modes
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := sqlite.OpenReadOnly(t.Context(), g.path)
	if err != nil {
		t.Fatal(err)
	}
	g.world = newWorld(t, func(cfg *registry.Config) { cfg.Store, cfg.Sealer = store, g.sealer })
	return g
}

// TestGolden (issue 14, 6): registries of ac73c42, where issue 14 was planned, of cee70fd,
// where it began, and of 7623320, the end of issue 13, hold what was put into them.
func TestGolden(t *testing.T) {
	t.Parallel()
	for _, commit := range []string{"ac73c42", "cee70fd", "7623320"} {
		t.Run(commit, func(t *testing.T) {
			t.Parallel()
			g := openGolden(t, commit)
			for name, test := range map[string]func(*testing.T){
				"portals": g.testPortals, "targets": g.testTargets, "static targets": g.testStatic, "instances and ports": g.testPorts,
				"IPsec": g.testIPsec, "settings": g.testSettings, "secrets": g.testSecrets, "every record": g.testRecords,
			} {
				t.Run(name, test)
			}
			t.Run("the file", g.testFile)
		})
	}
}

// compare has no values of ours that are compared otherwise than by ==, but for secrets.
var compare = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, ports.Number{}),
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b auth.Secret) bool { return bytes.Equal(a.Reveal(), b.Reveal()) }),
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// raw decodes a record past the package.
func (g *golden) raw(t *testing.T, key string, into any) {
	t.Helper()
	r, err := g.store.Get(t.Context(), key)
	if err != nil || r.Version == 0 {
		t.Fatalf("record %s: version %d, %v", key, r.Version, err)
	}
	if err := json.Unmarshal(r.Value, into); err != nil {
		t.Fatalf("record %s: %v", key, err)
	}
}

// testPortals: the portals, with all options, when they were added, and how they answered
// last. Times and the texts of errors are held against the JSON of the record.
func (g *golden) testPortals(t *testing.T) {
	want := wantPortals(g.recent)
	got := make(map[string]registry.StoredPortal)
	for _, p := range collect(t, g.SendTargetPortals(t.Context())) {
		got[p.Key().String()] = p
	}
	for record, p := range want {
		var stored struct {
			Added   string    `json:"added"`
			AddedAt time.Time `json:"added_at"`
			Last    struct {
				Time           time.Time `json:"time"`
				Message        string    `json:"message"`
				NotJudgedSince time.Time `json:"not_judged_since"`
			} `json:"last"`
		}
		g.raw(t, record, &stored)
		if p.Added = stored.AddedAt; p.Added.IsZero() {
			p.Added, _ = time.Parse(time.RFC3339Nano, stored.Added)
		}
		p.Last.Time, p.Last.Message, p.Last.NotJudgedSince = stored.Last.Time, stored.Last.Message, stored.Last.NotJudgedSince
		if judged := p.Last.Code == 0 && p.Last.LeftOut == 0; p.Last.Time.IsZero() || p.Added.After(p.Last.Time) ||
			(p.Last.Message == "") != (p.Last.Code == 0) || p.Last.NotJudgedSince.IsZero() != (judged || !g.recent) {
			t.Errorf("%s: added %s, last %+v", record, p.Added, p.Last)
		}
		// What these versions did not count is known as far as it goes.
		if p.Last.Code == 0 {
			p.Last.LastOK = stored.Last.Time
		} else if p.Last.Failures, p.Last.FailingSince = 1, stored.Last.NotJudgedSince; p.Last.FailingSince.IsZero() {
			p.Last.FailingSince = stored.Last.Time
		}
		key := p.Key().String()
		same(t, record, p, got[key])
		delete(got, key)
	}
	for key := range got {
		t.Errorf("unexpected: %s", key)
	}
}

// testTargets: the targets that portals have shown, by each portal that did.
func (g *golden) testTargets(t *testing.T) {
	want := wantFound(g.recent)
	for _, target := range collect(t, g.Targets(t.Context(), false)) {
		for _, m := range target.Mechanisms {
			if m.Static {
				continue
			}
			at := found{target.Name, m.Text}
			w, ok := want[at]
			if !ok {
				t.Errorf("unexpected: %+v", at)
				continue
			}
			delete(want, at)
			var stored struct {
				FirstSeen    time.Time  `json:"first_seen"`
				LastSeen     time.Time  `json:"last_seen"`
				MissingSince *time.Time `json:"missing_since"`
			}
			g.raw(t, w.record, &stored)
			w.Text, w.FirstSeen, w.LastSeen = m.Text, stored.FirstSeen, stored.LastSeen
			if w.isMissing {
				w.MissingSince = *stored.MissingSince
			}
			if w.notJudged {
				w.NotJudgedSince = m.NotJudgedSince // as testPortals found it
			}
			same(t, w.record, w.Mechanism, m)
			if m.NotJudgedSince.IsZero() == w.notJudged || m.LastSeen.After(m.FirstSeen) != w.again {
				t.Errorf("%s: %+v", w.record, m)
			}
		}
	}
	for at := range want {
		t.Errorf("missing: %+v", at)
	}
}

func (g *golden) testStatic(t *testing.T) {
	for _, want := range wantStatic {
		got, ok, err := g.StaticTarget(t.Context(), want.Name)
		if !ok || err != nil {
			t.Errorf("%s: %t, %v", want.Name, ok, err)
		}
		same(t, want.Name, want, got)
	}
}

func (g *golden) testPorts(t *testing.T) {
	got, err := g.Instances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "instances", wantInstances(g.recent), got)
	// With the addresses that the host had, each has the number that it was given.
	g.host = nil
	for _, a := range hostAddresses {
		g.host = append(g.host, ports.Address{Addr: netip.MustParseAddr(a), Interface: "lo", Up: true})
	}
	slices.Reverse(g.host)
	selector, err := g.Selector(t.Context(), false)
	if err != nil || selector.Damaged != nil {
		t.Fatal(err, selector.Damaged)
	}
	numbers := make(map[string][]string)
	for _, p := range selector.Ports {
		numbers[p.Instance] = append(numbers[p.Instance], p.Number.String()+" "+p.Address.String())
	}
	for _, list := range numbers {
		slices.Sort(list)
	}
	same(t, "ports", wantPorts(g.recent), numbers)
}

func (g *golden) testIPsec(t *testing.T) {
	same(t, "policies", wantPolicies(g.recent), collect(t, g.Policies(t.Context())))
	same(t, "preshared keys", wantKeys, collect(t, g.IKEInfos(t.Context())))
	same(t, "gateways", wantTunnels, collect(t, g.TunnelModeOuterAddresses(t.Context())))
	// What is remembered decides for a portal that is added without flags.
	for portal, flags := range wantRemembered(g.recent) {
		p := initiator.SendTargetPortal{Portal: initiator.Portal{Address: portal, Port: 3260}}
		g.host = []ports.Address{{Addr: netip.MustParseAddr("192.0.2.1"), Interface: "lo", Up: true}}
		all, err := g.Explain(t.Context(), p)
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d explanations, %v", portal, len(all), err)
		}
		if got := all[0].Plan.Flags; got != flags {
			t.Errorf("%s: planned by %s, want %s", portal, got.Hex(), flags.Hex())
		}
	}
}

func (g *golden) testSettings(t *testing.T) {
	name, err := g.InitiatorNodeName(t.Context())
	if name != "iqn.2026-11.com.example:golden" || err != nil {
		t.Errorf("node name %q, %v", name, err)
	}
	flags, err := g.DefaultSecurityFlags(t.Context())
	if flags != ipsec.Flags(0x27) || err != nil {
		t.Errorf("default flags %s, %v", flags.Hex(), err)
	}
	set, err := g.InitiatorCHAPSecretSet(t.Context())
	if !set || err != nil {
		t.Errorf("secret of targets %t, %v", set, err)
	}
}

// testSecrets: each secret opens where it is, and says what it said.
func (g *golden) testSecrets(t *testing.T) {
	got := make(recorder)
	for r, err := range g.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := registry.ResealRecord(r, g.sealer, got); err != nil {
			t.Errorf("%s: %v", r.Key, err)
		}
	}
	same(t, "secrets", wantSecrets(g.recent), map[string]string(got))
}

// testRecords: there is nothing in it that is damaged, or that the other tests do not know.
func (g *golden) testRecords(t *testing.T) {
	n := 0
	for r, err := range g.store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if _, err := registry.CheckRecord(r, g.sealer); err != nil {
			t.Errorf("%s: %v", r.Key, err)
		}
	}
	if want := map[bool]int{false: 99, true: 131}[g.recent]; n != want {
		t.Errorf("%d records, want %d", n, want)
	}
}

// testFile: neither reading, nor opening it to write, changes a byte of the file.
func (g *golden) testFile(t *testing.T) {
	store, err := sqlite.Open(t.Context(), g.path)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := store.Get(t.Context(), "setting/node-name"); err != nil || r.Version == 0 {
		t.Errorf("node name: version %d, %v", r.Version, err)
	}
	if err := errors.Join(store.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(g.path)
	if err != nil || !bytes.Equal(now, g.file) {
		t.Errorf("the file has changed: %d bytes, and it had %d (%v)", len(now), len(g.file), err)
	}
	left, err := os.ReadDir(filepath.Dir(g.path))
	if err != nil || len(left) != 2 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}
