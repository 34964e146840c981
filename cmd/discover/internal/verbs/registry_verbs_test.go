package verbs

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestRegistryPath (issue 13, 18): --registry, then DISCOVER_REGISTRY, then the usual
// place; and an empty variable is not the usual place.
func TestRegistryPath(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	folder := t.TempDir()
	l.env["HOME"], l.env["LocalAppData"], l.env["XDG_STATE_HOME"] = folder, folder, folder
	r := l.discover(t.Context(), "registry", "path", "-o", "jsonl")
	if r.status != exit.OK || !strings.Contains(r.stdout, `"from":"default"`) {
		t.Errorf("got %+v", r)
	}
	named, given := filepath.Join(folder, "named.db"), filepath.Join(folder, "given.db")
	l.env["DISCOVER_REGISTRY"] = named
	l.discover(t.Context(), "registry", "path").want(t, exit.OK, named+"\n", "")
	l.discover(t.Context(), "registry", "path", "--registry", given).want(t, exit.OK, given+"\n", "")
	l.discover(t.Context(), "portal", "list").want(t, exit.OK, "", "discover: no portals in the registry "+named+"; add one with discover portal add PORTAL\n")
	if r := l.discover(t.Context(), "ipsec", "policy", "add", "192.0.2.0/24", "transport"); r.status != exit.OK {
		t.Errorf("got %+v", r)
	}
	if _, err := os.Stat(named); err != nil {
		t.Errorf("the registry is not where DISCOVER_REGISTRY says: %v", err)
	}
	l.env["DISCOVER_REGISTRY"] = ""
	l.discover(t.Context(), "portal", "list").want(t, exit.Usage, "", "discover: DISCOVER_REGISTRY is empty: set it to the path of the registry, or unset it\n")
}

// TestRegistryCheck (issue 13, 18): what is wrong with a registry is told, with the file
// or the record, and the exit status is 1; what is not is told, too.
func TestRegistryCheck(t *testing.T) {
	t.Parallel()
	const sealedPSK = "psk/storage.example//4294967295"
	for _, tt := range []struct {
		name   string
		spoil  func(l *sealedLab)
		want   string
		nobody bool // no mode bits, no such fault
	}{
		{name: "the registry is open", want: "bad     accessible to others: its mode is 0644; run chmod 600 on it", nobody: true, spoil: func(l *sealedLab) { chmod(l, "registry.db", 0o644) }},
		{name: "the key is open", want: "others can read or write it: its mode is 0640; run chmod 600 on it", nobody: true, spoil: func(l *sealedLab) { chmod(l, "registry.key", 0o640) }},
		{name: "the key is gone", want: "it cannot be opened", spoil: func(l *sealedLab) {
			if err := os.Remove(l.file("registry.key")); err != nil {
				l.t.Error(err)
			}
		}},
		{name: "a record is cut off", want: "is damaged: it is not valid JSON", spoil: func(l *sealedLab) {
			alterRecord(l.t, l.registry, sealedPSK, func(b []byte) []byte { return b[:len(b)-1] })
		}},
		{name: "a secret was changed", want: "the sealed secret was changed", spoil: func(l *sealedLab) {
			alterRecord(l.t, l.registry, sealedPSK, func(b []byte) []byte {
				at := strings.Index(string(b), `"sealed":"`) + 60
				if b[at] == 'A' {
					b[at] = 'B'
				} else {
					b[at] = 'A'
				}
				return b
			})
		}},
		{name: "a page was overwritten", want: "damaged", spoil: func(l *sealedLab) {
			b, err := os.ReadFile(l.registry)
			if err == nil {
				copy(b[4096:], make([]byte, 4096))
				err = os.WriteFile(l.registry, b, 0o600)
			}
			if err != nil {
				l.t.Error(err)
			}
		}},
		{name: "there is none", want: "bad     not there", spoil: func(l *sealedLab) {
			if err := os.Remove(l.registry); err != nil {
				l.t.Error(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.nobody && runtime.GOOS == "windows" {
				t.Skip("no mode bits here")
			}
			l := newSealedLab(t)
			l.opens()
			tt.spoil(l)
			if r := l.run("registry", "check"); r.status != exit.Failed || !strings.Contains(r.stdout, tt.want) || r.stderr != "" {
				t.Errorf("got %+v, want %q", r, tt.want)
			}
			if r := l.run("registry", "check", "-o", "json"); r.status != exit.Failed || !strings.Contains(r.stdout, `"ok":false`) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func chmod(l *sealedLab, name string, mode os.FileMode) {
	if err := os.Chmod(l.file(name), mode); err != nil {
		l.t.Error(err)
	}
}
