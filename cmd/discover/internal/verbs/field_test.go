package verbs

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// fieldTarget answers with what real targets send: an unusual name, addresses of no
// use, a wildcard, and a name that is harmful.
func fieldTarget() *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2015-1.workgroup:RAID.iscsi0", Addresses: []string{"192.0.2.10:3260,1", "[fe80::211:32ff:fe0c:d12]:3260,1"}},
		{Name: "iqn.2026-11.com.example:wild", Addresses: []string{"0.0.0.0:3261,2"}},
		{Name: "iqn.2026-11.com.example:lost", Addresses: []string{"127.0.0.1:3260,1"}},
		{Name: "disk\x1b[2J", Addresses: []string{"192.0.2.10:3260,1"}},
	}}
}

const fieldWarnings = `discover: warning: 192.0.2.10:3260: target name "iqn.2015-1.workgroup:RAID.iscsi0" is not a well-formed iSCSI name: iqn. must be followed by yyyy-mm, a dot and a reversed domain name
discover: warning: 192.0.2.10:3260: the target advertises 0.0.0.0:3261,2, which stands for all of its addresses; 192.0.2.10, the address in use, is listed instead
discover: warning: 192.0.2.10:3260: target name "disk\x1b[2J" was left out: it contains a character that is not allowed in iSCSI names
discover: warning: 192.0.2.10:3260: advertised addresses that cannot be connected to from here: [fe80::211:32ff:fe0c:d12]:3260 (link-local without a zone), 127.0.0.1:3260 (a loopback address of the target)
`

// TestFieldOutputs: each output shows what is unusual and says what is of no use.
func TestFieldOutputs(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]struct{ stdout, stderr string }{
		render.FormatTable: {`
192.0.2.10:3260: 3 targets, 1 left out
  iqn.2015-1.workgroup:RAID.iscsi0  192.0.2.10:3260,1
                                    [fe80::211:32ff:fe0c:d12]:3260,1 (unusable: link-local without a zone)
  iqn.2026-11.com.example:wild      192.0.2.10:3261,2
  iqn.2026-11.com.example:lost      127.0.0.1:3260,1 (unusable: a loopback address of the target)
`, fieldWarnings},
		render.FormatISCSIADM: {`
192.0.2.10:3260,1 iqn.2015-1.workgroup:RAID.iscsi0
192.0.2.10:3261,2 iqn.2026-11.com.example:wild
192.0.2.10:3260,-1 iqn.2026-11.com.example:lost
`, fieldWarnings + "discover: 192.0.2.10:3260: 2 addresses were left out: they cannot be used from here\n"},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Portal("192.0.2.10:3260", fieldTarget())
				l.discover(t.Context(), "scan", "-o", format, "192.0.2.10").want(t, exit.OK, want.stdout[1:], want.stderr)
			})
		})
	}
}

// TestFieldJSON: JSON marks what is of no use, and says that a name was left out.
func TestFieldJSON(t *testing.T) {
	t.Parallel()
	for _, format := range []string{render.FormatJSON, render.FormatJSONL} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.Portal("192.0.2.10:3260", fieldTarget())
				r := l.discover(t.Context(), "scan", "-o", format, "192.0.2.10")
				for _, part := range []string{
					`{"address":"192.0.2.10","port":3260,"group":1},{"address":"fe80::211:32ff:fe0c:d12","port":3260,"group":1,"usable":false,"why":"link-local without a zone"}`,
					`[{"address":"192.0.2.10","port":3261,"group":2}]`,
					`[{"address":"127.0.0.1","port":3260,"group":1,"usable":false,"why":"a loopback address of the target"}]`,
					`"complete":false,"warnings":[{"code":"unusual-target-name"`, `{"code":"wildcard-address"`, `{"code":"invalid-target-name"`, `{"code":"unusable-address"`,
				} {
					if !strings.Contains(r.stdout, part) {
						t.Errorf("got %s, want %s in it", r.stdout, part)
					}
				}
				for s := range strings.Lines(r.stdout) {
					if format == render.FormatJSONL && !json.Valid([]byte(s)) {
						t.Errorf("not JSON: %q", s)
					}
				}
				if r.status != exit.OK || r.stderr != "" || format == render.FormatJSON && !json.Valid([]byte(r.stdout)) {
					t.Errorf("got %+v", r)
				}
			})
		})
	}
}

// TestFieldStrict: with --strict-names only iSCSI names come out.
func TestFieldStrict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "disk1"}, {Name: "iqn.2026-11.com.example:a"}}})
		l.discover(t.Context(), "scan", "--strict-names", "192.0.2.10").want(t, exit.OK, `
192.0.2.10:3260: 1 target, 1 left out
  iqn.2026-11.com.example:a  192.0.2.10:3260
`[1:], "discover: warning: 192.0.2.10:3260: target name \"disk1\" was left out: an iSCSI name starts with iqn., eui. or naa.\n")
	})
}

// TestUnusableOfName: a target of a portal by name, whose addresses are all of no use,
// is listed at the address that was in use.
func TestUnusableOfName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.names["array.example"] = []string{"192.0.2.10"}
		l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:a", Addresses: []string{"[fe80::1]:3260,1", "127.0.0.1:3260,1"}}}})
		discover := l.inRegistry(t)
		if r := discover("portal", "add", "array.example"); r.status != exit.OK {
			t.Fatal(r)
		}
		discover("target", "list", "-o", "iscsiadm").want(t, exit.OK, "192.0.2.10:3260,-1 iqn.2026-11.com.example:a\n", "discover: 2 addresses were left out: they cannot be used from here\n")
	})
}

// TestNotJudged: target list says since when a portal is not judged.
func TestNotJudged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		bad := &iscsitest.Target{Records: []iscsitest.Record{{Name: "disk 2"}, {Name: "iqn.2026-11.com.example:a", Addresses: []string{"[fe80::1]:3260,1"}}}}
		l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:a"}, {Name: "iqn.2026-11.com.example:b"}}}, bad, bad)
		discover := l.inRegistry(t)
		if r := discover("portal", "add", "192.0.2.10"); r.status != exit.OK {
			t.Fatal(r)
		}
		for range 2 {
			time.Sleep(time.Hour)
			if r := discover("portal", "refresh"); r.status != exit.OK || !strings.Contains(r.stdout, "1 target, 1 left out") {
				t.Fatal(r)
			}
		}
		discover("target", "prune").want(t, exit.OK, "", "discover: nothing to delete\n")
		discover("target", "list").want(t, exit.OK, `
TARGET                     ADDRESS                                                 FOUND BY         FIRST SEEN            LAST SEEN
iqn.2026-11.com.example:a  [fe80::1]:3260,1 (unusable: link-local without a zone)  192.0.2.10:3260  2000-01-01T00:00:00Z  2000-01-01T02:00:00Z  not judged since 2000-01-01T01:00:00Z: the portal fails or leaves targets out
iqn.2026-11.com.example:b  192.0.2.10:3260                                         192.0.2.10:3260  2000-01-01T00:00:00Z  2000-01-01T00:00:00Z  not judged since 2000-01-01T01:00:00Z: the portal fails or leaves targets out
`[1:], "")
		discover("target", "list", "-o", "iscsiadm").want(t, exit.OK, "192.0.2.10:3260,-1 iqn.2026-11.com.example:a\n192.0.2.10:3260,-1 iqn.2026-11.com.example:b\n", "discover: 1 address was left out: it cannot be used from here\n")
		if r := discover("target", "list", "-o", "json"); !strings.Contains(r.stdout, `"missing_since":null,"stale":false,"not_judged_since":"2000-01-01T01:00:00Z"}`) {
			t.Errorf("got %s", r.stdout)
		}
	})
}
