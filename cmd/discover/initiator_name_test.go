package main

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

func TestDefaultName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, host string
		files      map[string]string
		want       string
		stderr     string
	}{
		{name: "of the file", host: "h", files: map[string]string{nameFile: "## comment\n#InitiatorName=iqn.2026-11.com.example:no\nInitiatorName=iqn.1993-08.org.debian:01:abc\n"}, want: "iqn.1993-08.org.debian:01:abc"},
		{name: "the first of several", host: "h", files: map[string]string{nameFile: " InitiatorName = x\nInitiatorName= iqn.2026-11.com.example:a \r\nInitiatorName=iqn.2026-11.com.example:b"}, want: "iqn.2026-11.com.example:a"},
		{name: "to be generated", host: "h", files: map[string]string{nameFile: "GenerateName=yes\n"}, want: namePrefix + "h"},
		{name: "not valid", host: "h", files: map[string]string{nameFile: "InitiatorName=host1\n"}, want: namePrefix + "h",
			stderr: "discover: warning: /etc/iscsi/initiatorname.iscsi: no valid InitiatorName in it; using " + namePrefix + "h\n"},
		{name: "of the host", host: "Host1.Example.COM", want: namePrefix + "host1.example.com"},
		{name: "of an odd host", host: "-my_höst 1.", want: namePrefix + "my-h-st-1"},
		{name: "of a long host", host: strings.Repeat("h", 300), want: namePrefix + strings.Repeat("h", 223-len(namePrefix))},
		{name: "of the machine ID", host: "localhost", files: map[string]string{"/etc/machine-id": "0123456789abcdef0123456789abcdef\n"}, want: namePrefix + "machine-862888ec5ac1f3ba"},
		{name: "of nothing", host: "", want: namePrefix + "localhost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.host = tt.host
			if tt.files != nil {
				l.files = tt.files
			}
			portal := l.Portal("192.0.2.10:3260", twoTargets())
			r := l.discover(t.Context(), "scan", "192.0.2.10")
			if got, _ := l.Sessions(portal)[0].Key("InitiatorName"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if r.stderr != tt.stderr {
				t.Errorf("got %q, want %q", r.stderr, tt.stderr)
			}
			if err := initiator.ValidateName(tt.want); err != nil {
				t.Error(err)
			}
		})
	}
}

// A name that somebody types is folded; that of the host's file goes over the wire
// as it stands there, as other initiators of the host send it.
func TestNameIsFolded(t *testing.T) {
	t.Parallel()
	const upper = "IQN.2026-11.com.example:Host1"
	for _, tt := range []struct {
		flags, want string
	}{
		{"--initiator-name " + upper, "iqn.2026-11.com.example:host1"},
		{"", upper},
	} {
		l := newLab(t)
		l.files[nameFile] = "InitiatorName=" + upper + "\n"
		portal := l.Portal("192.0.2.10:3260", twoTargets())
		l.discover(t.Context(), append(strings.Fields("scan 192.0.2.10"), strings.Fields(tt.flags)...)...)
		if got, _ := l.Sessions(portal)[0].Key("InitiatorName"); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.flags, got, tt.want)
		}
	}
}
