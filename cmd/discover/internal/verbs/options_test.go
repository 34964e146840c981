package verbs

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// --short-secrets and --redirect-names hold for a scan, are kept with a portal, and
// hold whenever it is asked.
func TestKeptOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SECRET"] = "tiny"
		l.names["array.example"] = []string{"127.0.0.1", "192.0.2.20"}
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "tiny"})
		l.Portal("192.0.2.11:3260", &iscsitest.Target{Redirect: "array.example:3261"})
		l.Portal("192.0.2.20:3261", &iscsitest.Target{})
		discover := l.inRegistry(t)

		chap := []string{"192.0.2.10", "--chap-user", "host1", "--chap-secret", "env:SECRET"}
		const short = "discover: warning: 192.0.2.10:3260: a CHAP secret is shorter than 12 bytes, and IPsec does not protect the connection: an eavesdropper can guess the secret from the login\n"
		const one, two = "192.0.2.10:3260: no targets\n  CHAP with SHA3-256\n", "192.0.2.11:3260 (192.0.2.20:3261): no targets\n"
		l.discover(t.Context(), append([]string{"scan"}, chap...)...).want(t, exit.Failed, "",
			"discover: portal 192.0.2.10:3260: CHAP: secret we authenticate with: shorter than 12 bytes, which needs IPsec; --short-secrets (login.Options.ShortSecrets) accepts it without IPsec\n")
		l.discover(t.Context(), append([]string{"scan", "--short-secrets"}, chap...)...).want(t, exit.OK, one, short)
		r := l.discover(t.Context(), "scan", "192.0.2.11")
		if r.status != exit.Failed || !strings.Contains(r.stderr, `redirected to "array.example:3261": it is a host name, and host names from targets are looked up only with --redirect-names`) {
			t.Errorf("got %+v", r)
		}
		l.discover(t.Context(), "scan", "--redirect-names", "192.0.2.11").want(t, exit.OK, two, "")

		discover(append([]string{"portal", "add", "--short-secrets"}, chap...)...).want(t, exit.OK, strings.Replace(one, ": no", ": stored; no", 1), short)
		discover("portal", "add", "--redirect-names", "192.0.2.11").want(t, exit.OK, strings.Replace(two, "): no", "): stored; no", 1), "")
		discover("portal", "refresh").want(t, exit.OK, one+two, short)

		r = discover("portal", "list", "-o", "json")
		for _, want := range []string{
			`"login_options":{"auth_type":"chap","username":"host1","password":"set","short_secrets":true}`,
			`"login_options":{"redirect_names":true}`,
		} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("got %s, want %s in it", r.stdout, want)
			}
		}
		r = discover("portal", "list")
		for _, want := range []string{" chap host1, short secrets ", " redirect names "} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("got %s, want %q in it", r.stdout, want)
			}
		}
		r = discover("portal", "add", "--dry-run", "-o", "json", "--redirect-names", "192.0.2.12")
		if !strings.Contains(r.stdout, `"login_options":{"redirect_names":true}`) {
			t.Errorf("got %s", r.stdout)
		}
		// The tool of Windows holds secrets to its own rules, whatever was stored.
		r = discover("iscsicli", "RefreshTargetPortal", "192.0.2.10", "3260")
		if r.status != exit.Failed || !strings.Contains(r.stderr, "shorter than 12 bytes, which needs IPsec\n") {
			t.Errorf("got %+v", r)
		}
	})
}

// What is kept with a portal is shown as the words of the flags.
func TestLoginOptionsShown(t *testing.T) {
	t.Parallel()
	p := registry.StoredPortal{SendTargetPortal: initiator.SendTargetPortal{Login: login.Options{
		Specified: login.SpecifiedAuthType, AuthType: login.CHAP,
		CHAPPolicy: login.CHAPPreferred, ShortSecrets: true, RedirectNames: true,
	}}}
	b, err := jsonitem.Marshal(jsonitem.NewLoginOptions(&p))
	if want := `{"auth_type":"chap","chap_policy":"preferred","short_secrets":true,"redirect_names":true}` + "\n"; err != nil || string(b) != want {
		t.Errorf("got %s, %v; want %s", b, err, want)
	}
	if got, want := loginText(&p.Login), "chap, preferred, short secrets, redirect names"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Login = login.Options{CHAPPolicy: login.CHAPPreferred, ShortSecrets: true}
	if got := loginText(&p.Login); got != "" {
		t.Errorf("without CHAP: got %q", got)
	}
}

// An entry of the registry that a newer version wrote is listed as an error, beside
// the others, and costs nothing else.
func TestNewerEntry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		for _, host := range []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"} {
			l.Portal(host+":3260", &iscsitest.Target{})
		}
		registry := filepath.Join(t.TempDir(), "registry.db")
		discover := func(args ...string) ran { return l.discover(t.Context(), append(args, "--registry", registry)...) }
		for _, line := range []string{"192.0.2.10", "192.0.2.11 --redirect-names", "192.0.2.12"} {
			if r := discover(append([]string{"portal", "add"}, strings.Fields(line)...)...); r.status != exit.OK {
				t.Fatal(r)
			}
		}
		makeNewer(t, registry)
		const newer = "discover: store 192.0.2.11:3260: this entry needs record format 5, and this version of discover knows 4: use a newer version\n"

		r := discover("portal", "list")
		if r.status != exit.Partly || r.stderr != newer || strings.Count(r.stdout, "\n") != 3 || strings.Contains(r.stdout, "192.0.2.11") {
			t.Errorf("got %+v", r)
		}
		for _, verb := range []string{"portal list", "portal refresh --dry-run"} {
			r = discover(append(strings.Fields(verb), "-o", "json")...)
			var document struct {
				Portals []struct{ Portal string }
				Results []struct {
					Portal   string
					CodeName string `json:"code_name"`
					Error    struct{ Stage string }
				}
			}
			if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || r.status != exit.Partly || len(document.Portals) != 2 || len(document.Results) != 1 {
				t.Fatalf("%s: %v: %+v", verb, err, r)
			}
			if got := document.Results[0]; got.Portal != "192.0.2.11:3260" || got.CodeName != "ISDSC_REQUEST_NOT_SUPPORTED" || got.Error.Stage != "store" {
				t.Errorf("%s: got %+v", verb, got)
			}
		}
		discover("portal", "refresh").want(t, exit.Partly, "192.0.2.10:3260: no targets\n192.0.2.12:3260: no targets\n", newer)
		discover("portal", "refresh", "192.0.2.11").want(t, exit.Failed, "", newer)
		discover("portal", "add", "192.0.2.11").want(t, exit.Failed, "", newer)
		r = discover("iscsicli", "ListTargetPortals")
		if r.status != exit.Partly || r.stderr != newer || !strings.Contains(r.stdout, "Total of 2 portals are persisted:") {
			t.Errorf("got %+v", r)
		}
		r = l.discover(t.Context(), "__complete", "portal", "remove", "--registry", registry, "")
		if !strings.HasPrefix(r.stdout, "192.0.2.10:3260\n192.0.2.11:3260\n192.0.2.12:3260\n") {
			t.Errorf("got %q", r.stdout)
		}
		discover("portal", "remove", "192.0.2.11").want(t, exit.OK, "removed 192.0.2.11:3260 (instance any, port all)\n", "")
		if r := discover("portal", "list"); r.status != exit.OK {
			t.Errorf("got %+v", r)
		}
	})
}

// makeNewer gives the entries of record format 2 a format that is not known yet.
func makeNewer(t *testing.T, file string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range store.List(t.Context(), "portal/") {
		if err != nil {
			t.Fatal(err)
		}
		value := bytes.Replace(r.Value, []byte(`{"format":2,`), []byte(`{"format":5,"of":"the future",`), 1)
		if err := store.Apply(t.Context(), registry.Change{Key: r.Key, Version: r.Version, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
