package iscsiadm

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

var lineNumber = regexp.MustCompile(`line \d+`)

// TestFindRecord: a record that open-iscsi has is read as it is, from the newer place
// first; what it leaves out is what is built in.
func TestFindRecord(t *testing.T) {
	t.Parallel()
	const user, password, login = authPrefix + "username", authPrefix + "password", "discovery.sendtargets.timeo.login_timeout"
	newer := file("# BEGIN RECORD 2.1.9", "discovery.startup = automatic", "discovery.type = sendtargets", "discovery.sendtargets.address = 192.0.2.11",
		"discovery.sendtargets.port = 3260", user+" = host1", password+" = secret-of-host1", login+" = x", "discovery.new = 1", "# END RECORD")
	older := file(user + " = older")
	const in = "/send_targets/192.0.2.11,3260/st_config"
	want := map[string]string{"discovery.startup": "automatic", user: "host1", password: "secret-of-host1"}
	for name, tt := range map[string]struct {
		root fs.FS
		want map[string]string // nil: none
		tell string
	}{
		"none":       {root: fstest.MapFS{}},
		"another":    {root: fstest.MapFS{"etc/iscsi/send_targets/192.0.2.11,3261/st_config": newer}},
		"newer":      {root: fstest.MapFS{"var/lib/iscsi" + in: newer, "etc/iscsi" + in: older}, want: want, tell: "config file line 8 contains unknown value format 'x' for parameter name '" + login + "'"},
		"older":      {root: fstest.MapFS{"etc/iscsi" + in: older}, want: map[string]string{user: "older"}},
		"empty file": {root: fstest.MapFS{"etc/iscsi" + in: file()}, want: map[string]string{}},
	} {
		r, tell, err := FindRecord(tt.root, SendTargets, testPortal)
		if (r == nil) != (tt.want == nil) || err != nil || strings.Join(tell, "\n") != tt.tell {
			t.Errorf("%s: got %v, %q, %v", name, r, tell, err)
		}
		if r == nil {
			continue
		}
		if diff := cmp.Diff(withLines(tt.want), printed(t, r, true)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// One that is there and cannot be read is an error: it may say how to prove ourselves.
	r, _, err := FindRecord(closed{fstest.MapFS{"etc/iscsi" + in: newer}}, SendTargets, testPortal)
	if r != nil || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("closed: %v, %v", r, err)
	}
	if _, _, err := FindRecord(fstest.MapFS{"etc/iscsi" + in: {Mode: fs.ModeNamedPipe}}, SendTargets, testPortal); err == nil {
		t.Error("a pipe is read")
	}
	// An address never leads elsewhere.
	root := fstest.MapFS{"etc/iscsi/send_targets/x,3260/st_config": newer, "etc/iscsi/x,3260/st_config": newer}
	for _, address := range []string{"../x", "y/../x", "/x", "x/", `..\x`, "x\n", ".", ""} {
		if r, _, err := FindRecord(root, SendTargets, Portal{Address: address, Port: 3260}); r != nil || err != nil {
			t.Errorf("%q: %v, %v", address, r, err)
		}
	}
}

// FuzzReadRecord: whatever is in a file, the record has its 19 lines, each with a value,
// and what is told is a few plain lines. Values read twice are the same.
func FuzzReadRecord(f *testing.F) {
	f.Add([]byte("discovery.startup = automatic\n" + authPrefix + "password = x\n"))
	f.Add([]byte("node.session.auth.chap_algs = SHA1,,x\r\nx\n= y\n#"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, tell := ReadRecord(SendTargets, testPortal, b)
		_, other := ReadDefaults(b)
		checkTold(t, append(tell, other...))
		text := printed(t, r, true)
		lines := strings.Split(text, "\n")
		if len(lines) != len(recordFields)+3 {
			t.Fatalf("got %q", text)
		}
		for i, field := range recordFields {
			if !strings.HasPrefix(lines[i+1], field.name+" = ") || len(lines[i+1]) == len(field.name+" = ") {
				t.Errorf("line %q", lines[i+1])
			}
		}
		fields, secrets, refs := r.Stored()
		again, err := RecordOf(SendTargets, testPortal, fields, secrets, refs)
		if err != nil || printed(t, again, true) != text {
			t.Errorf("%v: got %q, want %q", err, printed(t, again, true), text)
		}
		if o, err := r.LoginOptions(); err == nil && o.Validate() != nil {
			t.Errorf("options %+v: %v", o, o.Validate())
		}
	})
}

// checkTold holds lines that are told to be plain and few.
func checkTold(t *testing.T, tell []string) {
	t.Helper()
	if len(tell) > 2*(maxNotes+1) {
		t.Errorf("%d lines are told", len(tell))
	}
	for _, line := range tell {
		if breaksLine(line) || len(line) > 400 {
			t.Errorf("told %q", line)
		}
	}
}

// FuzzReadIface: whatever is in a file, what is taken of it is plain text in its place.
func FuzzReadIface(f *testing.F) {
	f.Add([]byte("iface.iscsi_ifacename = a\niface.transport_name = tcp\niface.ipaddress = ::1\n"))
	f.Add([]byte("iface.iscsi_ifacename = ../a\niface.transport_name = tcp\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := FindIfaces(fstest.MapFS{"etc/iscsi/ifaces/name": {Data: b}}).Read("name")
		if err != nil {
			if breaksLine(err.Error()) {
				t.Errorf("error %q", err)
			}
			return
		}
		if !onePart(r.Name) || r.Transport == "" || breaksLine(r.Transport+r.NetInterface+r.HardwareAddress+r.InitiatorName) {
			t.Errorf("got %+v", r)
		}
	})
}

// FuzzReadSettings: what is taken has keys that were asked for and values in one line.
func FuzzReadSettings(f *testing.F) {
	f.Add([]byte("A = 1\n# x\n\nB=2"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := ReadSettings(b, "A", "B")
		if err != nil && (breaksLine(err.Error()) || got != nil) {
			t.Errorf("got %q, %v", got, err)
		}
		for key, value := range got {
			if key != "A" && key != "B" || value == "" || breaksLine(value) {
				t.Errorf("got %q", got)
			}
		}
	})
}

// FuzzSet: whatever is typed, a record keeps its lines.
func FuzzSet(f *testing.F) {
	f.Add(authPrefix+"username", "a\nb", true)
	f.Add("node.session.auth.chap_algs", "x,MD5", false)
	f.Fuzz(func(t *testing.T, name, value string, refs bool) {
		r := NewRecord(SendTargets, testPortal, Defaults{})
		r.IsRef = func(string) bool { return refs }
		params := []Param{{name, value}}
		tell, err := r.Check(params)
		if err != nil {
			tell = append(tell, err.Error())
		}
		if len(value) < 1000 {
			checkTold(t, tell)
		}
		r.Set(params)
		if text := printed(t, r, true); strings.Count(text, "\n") != len(recordFields)+2 {
			t.Errorf("got %q", text)
		}
	})
}
