package golden

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A step is one run of the command.
type step struct {
	line   string   // its arguments; "…" in one stands for longPart
	env    []string // beside secrets
	isNew  bool     // ac73c42 does not know it
	status int      // with which it ends
}

// The registries of a golden folder.
const (
	byKeyFile    = "key-file/registry.db" // its secrets are sealed by the key in keyFile
	keyFile      = "key-file/registry.key"
	byPassphrase = "passphrase/registry.db" // by $PASSPHRASE
)

// secrets are the variables that steps refer to. They were made up for this test.
var secrets = []string{
	"PASSPHRASE=correct horse battery staple", "CHAP=secret-secret12", "TARGET=outsecret-1234",
	"SHORT=short", "OURS=initiator-secret", "PSK=preshared key", "PSK2=another key",
}

// longPart is what makes the key of a record longer than a Store takes.
var longPart = strings.Repeat("ü", 90)

// recipe fills both registries. The portals of which it asks are in portals_linux_test.go;
// nothing routes to 198.51.100.0/24.
var recipe = map[string][]step{
	byKeyFile: {
		{line: "initiator set-name iqn.2026-11.com.example:golden"},
		{line: "initiator set-chap-secret env:OURS"},

		// Instances, with all that they can have. What is removed leaves nothing.
		{line: "instance add San --address 192.0.2.1 --address 2001:db8::1 --node-name iqn.2026-11.com.example:san"},
		{line: "instance add lab/1 --interface lo"},
		{line: "instance add Case --node-name iqn.2026-11.com.example:Case", isNew: true}, // ac73c42 folded the name
		{line: "instance add gone"},
		{line: "instance remove gone"},

		// Portals that answer: targets with aliases and groups, one that goes missing, one that stays.
		{line: "portal add 192.0.2.10"},
		{line: "portal refresh 192.0.2.10"},
		// Addresses that cannot be used, and harmful names, which are left out.
		{line: "portal add 192.0.2.11:3261"},
		// An answer, and then none.
		{line: "portal add 192.0.2.12"},
		{line: "portal refresh 192.0.2.12", status: 1},
		// A portal that is removed, and one that is not stored: their targets stay.
		{line: "portal add 192.0.2.13"},
		{line: "portal remove 192.0.2.13"},
		{line: "iscsicli RefreshTargetPortal 192.0.2.14 3260"},
		// Forms of addresses: IPv6, and a name, where no target listens.
		{line: "portal add [2001:DB8:0::10]:3260"},
		{line: "portal add --symbolic-name none LocalHost:3999", status: 1},
		// Nobody listens.
		{line: "portal add 192.0.2.15:3999", status: 1},

		// CHAP: sealed, by reference, with a second secret, with that of all targets; refused.
		{line: "portal add --chap-user disc --chap-secret env:CHAP 192.0.2.20"},
		{line: "portal add --chap-user disc --chap-secret cred:chap 192.0.2.21"},
		{line: "portal add --chap-user disc --chap-secret env:CHAP --target-user tgtout --target-secret env:TARGET 192.0.2.22"},
		{line: "portal add --chap-user disc --chap-secret env:CHAP --target-user tgtout 192.0.2.23"},
		{line: "portal add --chap-user other --chap-secret env:CHAP 192.0.2.24", status: 1},
		// Sealed by what FIPS 140-3 approves.
		{line: "portal add --chap-user disc --chap-secret env:CHAP 192.0.2.25", env: []string{"GODEBUG=fips140=on"}},
		// All options that a login has.
		{line: "portal add --instance san --initiator-port 0 --symbolic-name Bäckup<&> --initiator-name iqn.2026-11.com.example:other " +
			"--chap-user disc --chap-secret env:CHAP --target-user tgtout --target-secret env:TARGET --chap-algorithms sha256,md5 --chap-fallback=false " +
			"--header-digest prefer-crc32c --data-digest crc32c --max-connections 2 --default-time2wait 3 --default-time2retain 4 " +
			"--login-flags multipath --redirect any 192.0.2.26"},
		{line: "portal add --source 192.0.2.1 --redirect none --bind-device 192.0.2.10"},
		{line: "portal add --instance LAB/1 192.0.2.10"},
		{line: "iscsicli AddTargetPortal 192.0.2.20 3260 san * * 2 0 0 1 5 6 disc env:CHAP 1"},
		{line: "iscsicli QAddTargetPortal 192.0.2.27 disc env:CHAP"},
		{line: "portal add --chap-user disc --chap-secret env:SHORT --short-secrets 192.0.2.28", isNew: true},
		{line: "portal add --redirect-names 192.0.2.29", isNew: true},
		{line: "portal add --chap-policy preferred --chap-user disc --chap-secret env:CHAP 192.0.2.30", isNew: true},
		// Keys that are too long, and so are hashes.
		{line: "instance add …", isNew: true},
		{line: "portal add --instance … 192.0.2.31", isNew: true},
		{line: "portal refresh --instance … 192.0.2.31", isNew: true},

		// IPsec. None of these portals is reached.
		{line: "portal add --ipsec off 192.0.2.32"},
		{line: "portal add --ipsec transport,main,pfs --ipsec-psk env:PSK --ipsec-id Host1.Example --login-flags require-ipsec 198.51.100.10", status: 1},
		{line: "portal add --security-flags 0x43 --ipsec-psk cred:psk --ipsec-outer 203.0.113.1 --ipsec-unknown refuse 198.51.100.11", status: 1},
		{line: "portal add --ipsec transport,aggressive --ipsec-peer-id User@Array.Example --ipsec-proposals aes256-sha1-modp2048 198.51.100.12", status: 1, isNew: true},
		{line: "portal add --ipsec transport --redirect-names --ipsec-proposals legacy 198.51.100.13", status: 1, isNew: true},
		{line: "ipsec default transport,main"},
		{line: "ipsec policy add 203.0.113.0/24 transport,main,pfs"},
		{line: "ipsec policy add 203.0.113.10:3260 off"},
		{line: "ipsec policy add 2001:DB8:1::1 tunnel"},
		{line: "ipsec policy add fe80::10%lo transport", isNew: true},
		{line: "ipsec policy add tag=7 transport"},
		{line: "ipsec psk set group env:PSK"},
		{line: "ipsec psk set --ipsec transport,pfs 198.51.100.20 env:PSK"},
		{line: "ipsec psk set --instance san 198.51.100.20 env:PSK2"},
		{line: "ipsec psk set --instance san --initiator-port 0 Array.Example cred:psk"},
		{line: "iscsicli PSKey * * 35 3 User@Array.Example env:PSK T"},
		{line: "iscsicli PSKey * * 35 3 volatile@array.example env:PSK F"},
		{line: "ipsec psk set 198.51.100.21 env:PSK"},
		{line: "ipsec psk remove 198.51.100.21"},
		{line: "ipsec tunnel set 198.51.100.11 203.0.113.1"},
		{line: "ipsec tunnel set --instance san --initiator-port 0 198.51.100.11 203.0.113.2"},
		{line: "ipsec tunnel set 2001:DB8:2::1 2001:db8:3::1"},
		{line: "iscsicli TunnelAddr * * 198.51.100.12 203.0.113.3 F"},

		// Targets by hand: stored, hidden, merged, and such as end with the command.
		{line: "target add iqn.2026-11.com.example:Static --alias Rack<1> --address 192.0.2.50:3260,3 --address [2001:db8::50]:3261 --address storage.example"},
		{line: "target add iqn.2026-11.com.example:hidden --hide"},
		{line: "target add iqn.2026-11.com.example:disk1 --address 192.0.2.51"},
		{line: "target add iqn.2026-11.com.example:disk1 --merge --alias merged"},
		{line: "target add iqn.2026-11.com.example:volatile --no-persist"},
		{line: "iscsicli AddTarget eui.02004567a425678d Label 192.0.2.52 3260 2 T * * * * * * * * * 0"},
		{line: "iscsicli AddTarget eui.02004567a425678e * * * * F * * * * * * * * * 0"},
		{line: "target add naa.52004567ba64678d"},
		{line: "target remove naa.52004567ba64678d"},
	},
	byPassphrase: {
		{line: "initiator set-name iqn.2026-11.com.example:golden"},
		{line: "portal add --chap-user disc --chap-secret env:CHAP --target-user tgtout --target-secret env:TARGET 192.0.2.22"},
		{line: "initiator set-chap-secret env:OURS"},
		{line: "ipsec psk set 198.51.100.20 env:PSK"},
	},
}

// follow has a command make the registries of the recipe in dir.
func follow(t *testing.T, command, dir string, withoutNew bool) {
	t.Helper()
	serve(t)
	for _, registry := range []string{byKeyFile, byPassphrase} {
		c := caller{command: command, registry: filepath.Join(dir, registry), dir: t.TempDir()}
		if err := os.MkdirAll(filepath.Dir(c.registry), 0o700); err != nil {
			t.Fatal(err)
		}
		c.writeCredentials(t)
		for _, s := range recipe[registry] {
			if !withoutNew || !s.isNew {
				c.run(t, s)
			}
		}
	}
}

// A caller runs a command on a registry.
type caller struct {
	command  string
	registry string // its path
	dir      string // with the secrets by cred:
}

func (c *caller) writeCredentials(t *testing.T) {
	t.Helper()
	for name, secret := range map[string]string{"chap": "secret-secret12", "psk": "preshared key"} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs the command and returns what it prints.
func (c *caller) run(t *testing.T, s step) string {
	t.Helper()
	args := strings.Fields(strings.ReplaceAll(s.line, "…", longPart))
	args = append([]string{"--registry", c.registry}, args...)
	if strings.HasSuffix(c.registry, byPassphrase) {
		args = append([]string{"--key", "env:PASSPHRASE"}, args...)
	}
	cmd := exec.CommandContext(t.Context(), c.command, args...)
	cmd.Env = append(append(append(os.Environ(), "CREDENTIALS_DIRECTORY="+c.dir), secrets...), s.env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if got := cmd.ProcessState.ExitCode(); got != s.status {
		t.Fatalf("discover %s: got exit status %d, want %d (%v)\n%s%s", s.line, got, s.status, err, out, stderr.String())
	}
	return string(out)
}
