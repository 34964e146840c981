package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A portal is added and asked; another one does not answer and stays.
func TestPortalAdd(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	registry := filepath.Join(t.TempDir(), "folder", "registry.db")
	discover := func(args ...string) ran {
		return l.discover(t.Context(), append(args, "--registry", registry)...)
	}
	discover("portal", "list").want(t, exitOK, "", "discover: no portals in the registry; discover portal add PORTAL puts one there\n")
	discover("portal", "add", "192.0.2.10", "--symbolic-name", "rack 1").want(t, exitOK, `
192.0.2.10:3260: stored; 2 targets
  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1
                                    [2001:db8::10]:3260,1
  iqn.2026-11.com.example:disk-two  192.0.2.10:3260
`[1:], "")
	discover("portal", "add", "192.0.2.11").want(t, exitFailed, "", `
discover: connect to 192.0.2.11:3260: connection refused; nothing listens there: check the address and the TCP port
discover: 192.0.2.11:3260 (instance any, port all) is in the registry all the same; see discover portal list
`[1:])
	discover("portal", "add", "192.0.2.12", "--max-connections", "0").want(t, exitFailed, "",
		"discover: portal 192.0.2.12:3260: login options: maximum connections: 1 to 65535\n")
	r := discover("portal", "list")
	if lines := strings.Split(r.stdout, "\n"); r.status != exitOK || r.stderr != "" || len(lines) != 4 ||
		lines[0] != "PORTAL           NAME    INSTANCE  PORT  LAST RESULT" ||
		!strings.HasPrefix(lines[1], "192.0.2.10:3260  rack 1  any       all   20") || !strings.HasSuffix(lines[1], "Z 2 targets") ||
		!strings.HasPrefix(lines[2], "192.0.2.11:3260          any       all   20") || !strings.Contains(lines[2], "Z failed: connect to 192.0.2.11:3260: connection refused") {
		t.Errorf("got %+v", r)
	}
}
