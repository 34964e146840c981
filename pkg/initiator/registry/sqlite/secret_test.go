package sqlite_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
)

// secrets are what must not be readable in any file.
var secrets = []string{"secret of the portal", "secret of the target", "secret of the initiator", "secret of the peer", "secret of another tool"}

// A place is a registry with all that belongs to it, on a host without a network.
type place struct {
	*registry.Service
	dialed atomic.Int32
}

func openPlace(t *testing.T, path, key string) *place {
	t.Helper()
	p := new(place)
	var err error
	p.Service, err = registry.Open(registry.Config{
		Store: open(t, path),
		Discoverer: &initiator.Discoverer{
			InitiatorName: "iqn.2026-11.com.example:host1",
			Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
				p.dialed.Add(1)
				return nil, errors.New("no network")
			},
		},
		Sealer: seal.KeyFile(key),
		Addresses: func() ([]ports.Address, error) {
			return []ports.Address{{Addr: netip.MustParseAddr("127.0.0.1"), Interface: "lo", Up: true}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// portal returns an entry with mutual CHAP.
func portal(address string) initiator.SendTargetPortal {
	return initiator.SendTargetPortal{
		Port:   ports.All,
		Portal: initiator.Portal{Address: address, Port: 3260},
		Login: login.Options{
			Specified: login.SpecifiedAuthType | login.SpecifiedUsername | login.SpecifiedPassword,
			AuthType:  login.MutualCHAP, Username: "host1",
			Password: auth.NewSecret([]byte(secrets[0])), TargetPassword: auth.NewSecret([]byte(secrets[1])),
		},
	}
}

// TestSecretsOnDisk: no secret is readable in any file of a registry, neither
// while it is open, log and all, nor afterwards.
func TestSecretsOnDisk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	p := openPlace(t, filepath.Join(folder, "registry.db"), filepath.Join(folder, "registry.key"))
	if r, err := p.AddSendTargetPortal(t.Context(), portal("127.0.0.1")); !r.Stored {
		t.Fatalf("not stored: %v", err)
	}
	if _, err := p.SetInitiatorCHAPSecret(t.Context(), auth.NewSecret([]byte(secrets[2])), ""); err != nil {
		t.Fatal(err)
	}
	err := p.SetIKEInfo(t.Context(), registry.IKEInfo{ID: "192.0.2.1", Port: ports.All, Key: auth.NewSecret([]byte(secrets[3]))}, true)
	if err != nil {
		t.Fatal(err)
	}
	tool := registry.ToolRecord{Tool: "tool", Kind: "kind", Name: "name", Secrets: map[string]auth.Secret{"password": auth.NewSecret([]byte(secrets[4]))}}
	if err := p.PutToolRecord(t.Context(), tool); err != nil {
		t.Fatal(err)
	}
	wantNoSecret(t, folder, 3) // the registry, its log, the key; the index is looked at, too
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	wantNoSecret(t, folder, 2)
}

// wantNoSecret looks through the files of a folder.
func wantNoSecret(t *testing.T, folder string, atLeast int) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < atLeast {
		t.Fatalf("got %v, %v; want %d files or more", entries, err, atLeast)
	}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			for _, form := range forms(secret) {
				if strings.Contains(string(b), form) {
					t.Errorf("%s has the %s as %q", entry.Name(), secret, form)
				}
			}
		}
	}
}

// forms returns how a secret may look: plain, in hexadecimal digits, and in
// base64, wherever in a group of three bytes it begins.
func forms(secret string) []string {
	all := []string{secret, hex.EncodeToString([]byte(secret))}
	for i := range 3 {
		groups := (len(secret) - i) / 3
		all = append(all, base64.StdEncoding.EncodeToString([]byte(secret[i:i+3*groups])))
	}
	return all
}

// TestSecretMoved: a user that can write the file, but has no key, gets no secret sent
// to another portal, neither by copying it to that portal's row nor by
// changing the address in the row.
func TestSecretMoved(t *testing.T) {
	t.Parallel()
	const theirs, ours = "portal/127.0.0.2/", "portal/127.0.0.1/"
	for name, forge := range map[string]func(ours, theirs map[string]any){
		"copied":     func(ours, theirs map[string]any) { theirs["login"] = ours["login"] },
		"redirected": func(ours, theirs map[string]any) { ours["address"] = "127.0.0.2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "registry.db")
			p := openPlace(t, path, path+".key")
			for _, address := range []string{"127.0.0.1", "127.0.0.2"} {
				if r, err := p.AddSendTargetPortal(t.Context(), portal(address)); !r.Stored {
					t.Fatalf("not stored: %v", err)
				}
			}
			before := p.dialed.Load()
			s := open(t, path)
			from, to := record(t, s, ours), record(t, s, theirs)
			forge(from.value, to.value)
			from.apply(t, s)
			to.apply(t, s)
			closeStore(t, s)

			failed := 0
			for r := range p.RefreshAll(t.Context()) {
				var damaged *seal.DamagedError
				if errors.As(r.Err, &damaged) {
					failed++
				}
			}
			if failed != 1 {
				t.Errorf("%d entries failed with a DamagedError, want 1", failed)
			}
			if n := p.dialed.Load() - before; n != 1 {
				t.Errorf("dialed %d times, want once, for the entry that was left alone", n)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestWrongKey: another key is told from damage.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	p := openPlace(t, path, path+".key")
	if r, err := p.AddSendTargetPortal(t.Context(), portal("127.0.0.1")); !r.Stored {
		t.Fatalf("not stored: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.KeyFile(path+".other").Seal(auth.NewSecret([]byte("makes the file")), ""); err != nil {
		t.Fatal(err)
	}
	p = openPlace(t, path, path+".other")
	defer p.Close()
	for r := range p.RefreshAll(t.Context()) {
		var wrong *seal.WrongKeyError
		if !errors.As(r.Err, &wrong) {
			t.Errorf("got %v, want a WrongKeyError", r.Err)
		}
	}
}

// A row is a record whose value is JSON.
type row struct {
	key   string
	value map[string]any
}

func record(t *testing.T, s registry.Store, prefix string) row {
	t.Helper()
	for r, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found := row{key: r.Key}
		if err := json.Unmarshal(r.Value, &found.value); err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Fatalf("no record begins with %s", prefix)
	return row{}
}

func (r row) apply(t *testing.T, s registry.Store) {
	t.Helper()
	b, err := json.Marshal(r.value)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), set(r.key, string(b))); err != nil {
		t.Fatal(err)
	}
}
