package iscsiadm

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
)

var testPortal = Portal{Address: "192.0.2.11", Port: 3260}

const authPrefix = "discovery.sendtargets.auth."

// printed returns what Print writes.
func printed(t *testing.T, r *Record, secrets bool) string {
	t.Helper()
	var b strings.Builder
	if err := r.Print(&b, secrets); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// withLines returns the record of the recorded answers, with some of its lines changed.
func withLines(change map[string]string) string {
	s := `# BEGIN RECORD 2.1.11
discovery.startup = manual
discovery.type = sendtargets
discovery.sendtargets.address = 192.0.2.11
discovery.sendtargets.port = 3260
discovery.sendtargets.auth.authmethod = None
discovery.sendtargets.auth.username = <empty>
discovery.sendtargets.auth.password = <empty>
discovery.sendtargets.auth.username_in = <empty>
discovery.sendtargets.auth.password_in = <empty>
node.session.auth.chap_algs = MD5
discovery.sendtargets.timeo.login_timeout = 15
discovery.sendtargets.use_discoveryd = No
discovery.sendtargets.discoveryd_poll_inval = 30
discovery.sendtargets.reopen_max = 5
discovery.sendtargets.timeo.auth_timeout = 45
discovery.sendtargets.timeo.active_timeout = 30
discovery.sendtargets.iscsi.MaxRecvDataSegmentLength = 32768
# END RECORD
`
	lines := strings.SplitAfter(s, "\n")
	for i, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		if value, ok := change[name]; ok {
			lines[i] = name + " = " + value + "\n"
		}
	}
	return strings.Join(lines, "")
}

// set sets values that have to be right.
func set(t *testing.T, r *Record, pairs ...string) {
	t.Helper()
	var params []Param
	for i := 0; i < len(pairs); i += 2 {
		params = append(params, Param{pairs[i], pairs[i+1]})
	}
	if _, err := r.Check(params); err != nil {
		t.Fatal(err)
	}
	r.Set(params)
}

// TestRecordPrint: a record is printed as the real iscsiadm has it (golden.json, db/01 to
// db/08), and a secret only where that is asked for.
func TestRecordPrint(t *testing.T) {
	t.Parallel()
	r := NewRecord(SendTargets, testPortal, Defaults{})
	if diff := cmp.Diff(withLines(nil), printed(t, r, true)); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	d, tell := ReadDefaults([]byte("discovery.sendtargets.reopen_max = 0\ndiscovery.sendtargets.timeo.login_timeout = 3\n"))
	r = NewRecord(SendTargets, testPortal, d)
	set(t, r, authPrefix+"authmethod", "CHAP", authPrefix+"username", "host1", authPrefix+"password", "secret-of-host1")
	want := map[string]string{
		authPrefix + "authmethod": "CHAP", authPrefix + "username": "host1", authPrefix + "password": "********",
		"discovery.sendtargets.reopen_max": "0", "discovery.sendtargets.timeo.login_timeout": "3",
	}
	if diff := cmp.Diff(withLines(want), printed(t, r, false)); diff != "" || tell != nil {
		t.Errorf("%q, without secrets (-want +got):\n%s", tell, diff)
	}
	want[authPrefix+"password"] = "secret-of-host1"
	if diff := cmp.Diff(withLines(want), printed(t, r, true)); diff != "" {
		t.Errorf("with secrets (-want +got):\n%s", diff)
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", r, r, r), fmt.Sprintf("%v %+v %#v", *r, *r, *r)} {
		if strings.Contains(s, "secret-of-host1") {
			t.Errorf("printed by fmt: %s", s)
		}
	}
	if other := printed(t, NewRecord(SendTargets, testPortal, d), true); strings.Contains(other, "host1") {
		t.Errorf("a record of the same defaults: %s", other)
	}
	v6 := printed(t, NewRecord(SendTargets, Portal{Address: "2001:db8::10", Port: 3261}, d), false)
	if !strings.Contains(v6, "address = 2001:db8::10\ndiscovery.sendtargets.port = 3261\n") {
		t.Errorf("got %s", v6)
	}
}

// TestRecordCheck: what is refused, and what is told, in the words of the real iscsiadm
// where it says the same. Nothing is set where anything is refused.
func TestRecordCheck(t *testing.T) {
	t.Parallel()
	const login, algorithms, user, password = "discovery.sendtargets.timeo.login_timeout", "node.session.auth.chap_algs", authPrefix + "username", authPrefix + "password"
	number := func(s string) string { return "unknown value format '" + s + "' for parameter name '" + login + "'" }
	for _, tt := range []struct {
		params []Param
		err    string
		tell   string
		want   map[string]string // lines that change; nil where it is refused
	}{
		{params: []Param{{"bogus", "1"}}, err: "Cannot modify bogus. Invalid param name."},
		{params: []Param{{"DISCOVERY.startup", "manual"}}, err: "Cannot modify DISCOVERY.startup. Invalid param name."},
		{params: []Param{{"discovery.sendtargets.auth.chap_algs", "MD5"}}, err: "Cannot modify discovery.sendtargets.auth.chap_algs. Invalid param name."},
		{params: []Param{{"", "x"}}, err: "Cannot modify . Invalid param name."},
		{params: []Param{{"-vsecret-of-host1", "x"}}, err: "Cannot modify -v. Invalid param name."},
		{params: []Param{{"discovery.sendtargets.auth.password=secret-of-host1", "x"}}, err: "Cannot modify discovery.sendtargets.auth.password. Invalid param name."},
		{params: []Param{{"a\nb\x1b", "x"}}, err: `Cannot modify a\nb\x1b. Invalid param name.`},
		{params: []Param{{strings.Repeat("a", 200), "x"}}, err: "Cannot modify " + strings.Repeat("a", 80) + "…. Invalid param name."},
		{params: []Param{{"discovery.sendtargets.address", "1.2.3.4"}}, err: "Cannot modify discovery.sendtargets.address. It is used to look up the record and cannot be changed."},
		{params: []Param{{"discovery.sendtargets.port", "x"}}, err: "Cannot modify discovery.sendtargets.port. It is used to look up the record and cannot be changed."},
		{params: []Param{{"discovery.type", "isns"}}, err: "Cannot modify discovery.type. It is used to look up the record and cannot be changed."},
		{params: []Param{{authPrefix + "authmethod", "bogus"}}, err: "unknown value format 'bogus' for parameter name 'discovery.sendtargets.auth.authmethod'"},
		{params: []Param{{authPrefix + "authmethod", "CHAP "}}, err: "unknown value format 'CHAP ' for parameter name 'discovery.sendtargets.auth.authmethod'"},
		{params: []Param{{authPrefix + "authmethod", ""}}, err: "unknown value format '' for parameter name 'discovery.sendtargets.auth.authmethod'"},
		{params: []Param{{"discovery.startup", "onboot"}}, err: "unknown value format 'onboot' for parameter name 'discovery.startup'"},
		{params: []Param{{"discovery.sendtargets.use_discoveryd", "yes"}}, err: "unknown value format 'yes' for parameter name 'discovery.sendtargets.use_discoveryd'"},

		// All names are looked at before any value, and all values before one is set.
		{params: []Param{{user, "ok"}, {"bogus", "1"}}, err: "Cannot modify bogus. Invalid param name."},
		{params: []Param{{authPrefix + "authmethod", "bad"}, {"bogus", "1"}}, err: "Cannot modify bogus. Invalid param name."},
		{params: []Param{{user, "ok"}, {authPrefix + "authmethod", "bad"}}, err: "unknown value format 'bad' for parameter name 'discovery.sendtargets.auth.authmethod'"},
		{params: []Param{{user, "once"}, {user, "again"}}, want: map[string]string{user: "again"}},

		// The real one reads x as 0, 7x as 7, and 99999999999 as 1215752191.
		{params: []Param{{login, "x"}}, err: number("x")},
		{params: []Param{{login, ""}}, err: number("")},
		{params: []Param{{login, "7x"}}, err: number("7x")},
		{params: []Param{{login, "-1"}}, err: number("-1")},
		{params: []Param{{login, "1.5"}}, err: number("1.5")},
		{params: []Param{{login, "0x10"}}, err: number("0x10")},
		{params: []Param{{login, "2147483648"}}, err: number("2147483648")},
		{params: []Param{{login, "2147483647"}}, want: map[string]string{login: "2147483647"}},
		{params: []Param{{login, "010"}}, want: map[string]string{login: "10"}},
		{params: []Param{{login, "0"}}, want: map[string]string{login: "0"}},

		// The real one takes these, and the value makes lines of its own in its record.
		{params: []Param{{user, "a\ndiscovery.startup = automatic"}}, err: "the value for discovery.sendtargets.auth.username has control characters"},
		{params: []Param{{password, "a\tb"}}, err: "the value for discovery.sendtargets.auth.password has control characters"},
		{params: []Param{{user, "a\u2028b"}}, err: "the value for discovery.sendtargets.auth.username has control characters"},
		{params: []Param{{user, "a\u0085b"}}, err: "the value for discovery.sendtargets.auth.username has control characters"},
		{params: []Param{{algorithms, "MD5\nx"}}, err: "the value for node.session.auth.chap_algs has control characters"},
		{params: []Param{{user, "\xff"}}, err: "the value for discovery.sendtargets.auth.username is not valid UTF-8"},
		{params: []Param{{password, strings.Repeat("p", 256)}}, err: "the value for discovery.sendtargets.auth.password is longer than 255 bytes"},
		{params: []Param{{user, strings.Repeat("u", 256)}}, err: "the value for discovery.sendtargets.auth.username is longer than 255 bytes"},
		{params: []Param{{user, strings.Repeat("u", 255)}}, want: map[string]string{user: strings.Repeat("u", 255)}},
		{params: []Param{{user, `a b # c "q" = ü`}}, want: map[string]string{user: `a b # c "q" = ü`}},
		{params: []Param{{password, "file:/etc/shadow"}}, want: map[string]string{password: "file:/etc/shadow"}},
		{params: []Param{{password, "p\xff"}}, want: map[string]string{password: "p\xff"}},
		{params: []Param{{user, ""}, {password, ""}}, want: map[string]string{user: "<empty>", password: "<empty>"}},

		{params: []Param{{algorithms, "SHA3-256,SHA256,SHA1,MD5"}}, want: map[string]string{algorithms: "SHA3-256,SHA256,SHA1,MD5"}},
		{params: []Param{{algorithms, "SHA256, MD5"}}, want: map[string]string{algorithms: "SHA256,MD5"}},
		{params: []Param{{algorithms, "SHA1,,MD5"}}, want: map[string]string{algorithms: "SHA1,MD5"}},
		{params: []Param{{algorithms, ""}}, want: map[string]string{algorithms: "MD5"}},
		{params: []Param{{algorithms, "sha256"}}, want: map[string]string{algorithms: "MD5"}, tell: "Ignoring unknown value 'sha256' for 'node.session.auth.chap_algs'"},
		{params: []Param{{algorithms, "SHA256,BOGUS"}}, want: map[string]string{algorithms: "SHA256"}, tell: "Ignoring unknown value 'BOGUS' for 'node.session.auth.chap_algs'"},
		{params: []Param{{algorithms, "MD5,MD5"}}, want: map[string]string{algorithms: "MD5"}, tell: "Ignoring repeated value 'MD5' for 'node.session.auth.chap_algs'"},
	} {
		r := NewRecord(SendTargets, testPortal, Defaults{})
		tell, err := r.Check(tt.params)
		var usage *UsageError
		if tt.err != "" && (!errors.As(err, &usage) || usage.Text != tt.err) || tt.err == "" && err != nil {
			t.Errorf("%q: got %v, want %s", tt.params, err, tt.err)
		}
		if got := strings.Join(tell, "\n"); got != tt.tell {
			t.Errorf("%q: told %q, want %q", tt.params, got, tt.tell)
		}
		if diff := cmp.Diff(withLines(nil), printed(t, r, true)); diff != "" {
			t.Errorf("%q: Check has changed it (-want +got):\n%s", tt.params, diff)
		}
		r.Set(tt.params)
		if diff := cmp.Diff(withLines(tt.want), printed(t, r, true)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.params, diff)
		}
	}
}

// TestRecordStored: what is kept of a record makes the same record again, and what a
// version does not know is an error, without what it was.
func TestRecordStored(t *testing.T) {
	t.Parallel()
	d, _ := ReadDefaults([]byte("discovery.sendtargets.reopen_max = 2\n"))
	for _, pairs := range [][]string{
		nil,
		{authPrefix + "username", "host1", authPrefix + "password", "secret-of-host1", authPrefix + "password_in", "ref:in", keyAlgorithms, "SHA1,MD5", "discovery.startup", "automatic"},
		{authPrefix + "username", "", keyAlgorithms, "MD5"},
	} {
		r := NewRecord(SendTargets, testPortal, d)
		r.IsRef = func(s string) bool { return strings.HasPrefix(s, "ref:") }
		set(t, r, pairs...)
		fields, secrets, refs := r.Stored()
		again, err := RecordOf(SendTargets, testPortal, fields, secrets, refs)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(printed(t, r, true), printed(t, again, true)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", pairs, diff)
		}
		before, _ := r.LoginOptions()
		after, _ := again.LoginOptions()
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%q: options (-want +got):\n%s", pairs, diff)
		}
		_, plain := fields[authPrefix+"password"]
		if plain || len(secrets) > 0 != (len(pairs) == 10) || len(refs) != len(secrets) {
			t.Errorf("%q: fields %v, secrets %v, references %v", pairs, fields, secrets, refs)
		}
	}
	secret := auth.NewSecret([]byte("secret-of-x"))
	for _, tt := range []struct {
		fields  map[string]string
		secrets map[string]auth.Secret
		refs    map[string]string
		want    string
	}{
		{fields: map[string]string{"new": "secret-of-x"}, want: "the record has a field new, which this version of discover does not know"},
		{fields: map[string]string{keyPassword: "secret-of-x"}, want: "the record has a field discovery.sendtargets.auth.password, which this version of discover does not know"},
		{fields: map[string]string{keyPort: "1"}, want: "the record has a field discovery.sendtargets.port, which this version of discover does not know"},
		{fields: map[string]string{keyReopen: "secret-of-x"}, want: "the record has a value for discovery.sendtargets.reopen_max that is not valid"},
		{secrets: map[string]auth.Secret{keyUser: secret}, want: "the record has a field discovery.sendtargets.auth.username, which this version of discover does not know"},
		{refs: map[string]string{"x\n": "file:/x"}, want: `the record has a field x\n, which this version of discover does not know`},
	} {
		if r, err := RecordOf(SendTargets, testPortal, tt.fields, tt.secrets, tt.refs); r != nil || err == nil || err.Error() != tt.want {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}

// TestRecordTimes: the limits of time, and how often it is tried.
func TestRecordTimes(t *testing.T) {
	t.Parallel()
	r := NewRecord(SendTargets, testPortal, Defaults{})
	if r.LoginTimeout() != 15*time.Second || r.ActiveTimeout() != 30*time.Second || r.ReopenMax() != 5 {
		t.Errorf("got %s, %s, %d", r.LoginTimeout(), r.ActiveTimeout(), r.ReopenMax())
	}
	set(t, r, keyLogin, "2147483647", keyActive, "2147483647", keyReopen, "0")
	if sum := r.LoginTimeout() + r.ActiveTimeout(); sum != 4294967294*time.Second || r.ReopenMax() != 0 {
		t.Errorf("got %s, %d", sum, r.ReopenMax())
	}
}
