package iscsiadm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadDefaults: iscsid.conf is read as the real iscsiadm reads it, and a line that is
// wrong costs itself. Where that one takes something else for a number, we do not.
func TestReadDefaults(t *testing.T) {
	t.Parallel()
	const user, password, reopen, poll, login = authPrefix + "username", authPrefix + "password", "discovery.sendtargets.reopen_max", "discovery.sendtargets.discoveryd_poll_inval", "discovery.sendtargets.timeo.login_timeout"
	for name, tt := range map[string]struct {
		conf string
		want map[string]string
		tell string
	}{
		"empty":               {},
		"blanks":              {conf: "  " + reopen + "   =   2  \n\t" + password + "\t=\ttab s \r\n", want: map[string]string{reopen: "2", password: "tab s"}},
		"no line end":         {conf: user + " = u", want: map[string]string{user: "u"}},
		"after a number":      {conf: poll + " = 31 # seconds", want: map[string]string{poll: "31"}},
		"comments":            {conf: user + " = a\n#" + user + " = b\n # " + user + " = c\n\n", want: map[string]string{user: "a"}},
		"another =":           {conf: user + " = d = e # f", want: map[string]string{user: "d = e # f"}},
		"quotes are text":     {conf: user + ` = 'q'` + "\n" + password + ` = "x y"`, want: map[string]string{user: "'q'", password: `"x y"`}},
		"the last counts":     {conf: login + " = 3\n" + login + " = 4\n", want: map[string]string{login: "4"}},
		"the last good one":   {conf: login + " = 3\n" + login + " = bogus\n", want: map[string]string{login: "3"}, tell: "config file line 2 contains unknown value format 'bogus' for parameter name '" + login + "'"},
		"no blank before =":   {conf: user + "=tight\n", tell: "Config file line 1 does not have '=' separator"},
		"no value":            {conf: user + " =\n" + password + "\n", tell: "Config file line 1 does not have value\nConfig file line 2 does not have value"},
		"no key":              {conf: "= x\n", tell: "Config file line 1 does not have '=' separator"},
		"other keys":          {conf: "node.startup = automatic\ndiscovery.startup = automatic\ndiscovery.sendtargets.address = 1.2.3.4\ndiscovery.sendtargets.port = 99\ndiscovery.type = isns\nbogus.key = 1\ndiscovery.sendtargets.auth.chap_algs = SHA1\n"},
		"use_discoveryd":      {conf: "discovery.sendtargets.use_discoveryd = Yes\n", want: map[string]string{"discovery.sendtargets.use_discoveryd": "Yes"}},
		"a word":              {conf: authPrefix + "authmethod = bogus\n", tell: "config file line 1 contains unknown value format 'bogus' for parameter name 'discovery.sendtargets.auth.authmethod'"},
		"algorithms":          {conf: "node.session.auth.chap_algs = SHA256,BOGUS\n", want: map[string]string{keyAlgorithms: "SHA256"}, tell: "Ignoring unknown value 'BOGUS' for 'node.session.auth.chap_algs'"},
		"a line too long":     {conf: user + " = " + strings.Repeat("a", 3000) + "\n" + reopen + " = 3\n", want: map[string]string{reopen: "3"}, tell: "Config file line 1 too long."},
		"control characters":  {conf: user + " = a\x1b[2J\n" + reopen + " = 3\n", want: map[string]string{reopen: "3"}, tell: "Config file line 1 has control characters"},
		"a secret too long":   {conf: password + " = " + strings.Repeat("secret", 50), tell: "config file line 1: the value for discovery.sendtargets.auth.password is longer than 255 bytes"},
		"not text":            {conf: user + " = \xff\n", tell: "config file line 1: the value for discovery.sendtargets.auth.username is not valid UTF-8"},
		"many lines are bad":  {conf: strings.Repeat("bad\n", 1000), tell: strings.Repeat("Config file line N does not have value\n", 20) + "More lines of this file are wrong"},
		"a whole iscsid.conf": {conf: "# comment\niscsid.startup = /bin/systemctl start iscsid.socket\nnode.conn[0].timeo.login_timeout = 15\ndiscovery.sendtargets.iscsi.MaxRecvDataSegmentLength = 65536\n", want: map[string]string{"discovery.sendtargets.iscsi.MaxRecvDataSegmentLength": "65536"}},
	} {
		d, tell := ReadDefaults([]byte(tt.conf))
		if diff := cmp.Diff(withLines(tt.want), printed(t, NewRecord(SendTargets, testPortal, d), true)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		got := strings.Join(tell, "\n")
		if name == "many lines are bad" {
			got = lineNumber.ReplaceAllString(got, "line N")
		}
		if got != tt.tell {
			t.Errorf("%s: told %q, want %q", name, got, tt.tell)
		}
	}
}

// TestReadSettings: the file that stands in the place of the environment.
func TestReadSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want map[string]string
		err  string
	}{
		{text: "", want: map[string]string{}},
		{text: "# comment\n\nA_KEY = /usr/sbin/iscsiadm\n\t B_KEY=x = y # z\r\n", want: map[string]string{"A_KEY": "/usr/sbin/iscsiadm", "B_KEY": "x = y # z"}},
		{text: "A_KEY = 1\nC_KEY = secret-of-x\n", err: "line 2: the key C_KEY is not known; one of A_KEY, B_KEY is"},
		{text: "a_key = 1\n", err: "line 1: the key a_key is not known; one of A_KEY, B_KEY is"},
		{text: "export A_KEY=1\n", err: "line 1: the key export A_KEY is not known; one of A_KEY, B_KEY is"},
		{text: "\nA_KEY\n", err: "line 2 is not KEY = VALUE"},
		{text: "A_KEY =\n", err: "line 1: A_KEY has no value"},
		{text: "A_KEY = 1\n#\nA_KEY = 2\n", err: "line 3: A_KEY stands in line 1 already"},
		{text: "A_KEY = \x1b[2J\n", err: "line 1 has control characters, or is not valid UTF-8"},
		{text: "A_KEY = \xff\n", err: "line 1 has control characters, or is not valid UTF-8"},
	} {
		got, err := ReadSettings([]byte(tt.text), "A_KEY", "B_KEY")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.err)
		}
	}
}
