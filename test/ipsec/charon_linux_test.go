package ipsec_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/uml"
)

// allowAggressive is charon's name for what it thinks of it.
const allowAggressive = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"

// A charon is strongSwan's daemon on the host's kernel, in a namespace.
type charon struct {
	socket  string
	folder  string
	swanctl string
	process *netns.Process
}

// startCharon starts one, without connections; nil is the namespace of the test.
func startCharon(t *testing.T, n *netns.Namespace, options ...string) *charon {
	t.Helper()
	program := need.Program(t, "charon-systemd")
	// The path of a socket must not be long.
	folder, err := os.MkdirTemp("", "charon")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	c := &charon{socket: filepath.Join(folder, "vici"), folder: folder, swanctl: need.Program(t, "swanctl")}
	lines := []string{
		"charon-systemd {", "load_modular = no",
		"load = random nonce openssl aes sha1 sha2 hmac kdf gcm gmp pem pkcs1 x509 pubkey constraints kernel-netlink socket-default vici updown",
		"plugins { vici { socket = unix://" + c.socket + " } }",
		"journal { default = -1 }",
		"filelog { log {", "path = " + filepath.Join(folder, "log"), "default = 1", "flush_line = yes", "} }",
	}
	lines = append(append(lines, options...), "}", "swanctl { load = random", "}", "")
	if err := os.WriteFile(c.conf(), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "STRONGSWAN_CONF="+c.conf())
	p, err := n.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c.process = p
	t.Cleanup(func() {
		_ = p.Signal(syscall.SIGTERM)
		_ = p.Signal(syscall.SIGCONT) // a test may have stopped it
		<-p.Done()
		if t.Failed() {
			t.Logf("charon said:\n%s", c.log(t))
		}
	})
	uml.Await(t, "charon", func() bool {
		if p.Ended() {
			t.Fatalf("charon has ended: %v: %s", p.Wait(), c.log(t))
		}
		_, err := c.control("--stats")
		return err == nil
	})
	return c
}

func (c *charon) control(args ...string) (string, error) {
	cmd := exec.Command(c.swanctl, append(args, "--uri", "unix://"+c.socket)...)
	cmd.Env = append(os.Environ(), "STRONGSWAN_CONF="+c.conf())
	out, err := cmd.Output()
	return string(out), err
}

// conf is the file of the settings of charon and of swanctl.
func (c *charon) conf() string { return filepath.Join(c.folder, "strongswan.conf") }

func (c *charon) log(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.folder, "log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	return string(b)
}

// load gives it connections and keys, the only ones.
func (c *charon) load(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(c.folder, "swanctl.conf")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := c.control("--load-all", "--clear", "--noprompt", "--file", file); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// wantClean fails the test where it has a connection or an association.
func (c *charon) wantClean(t *testing.T) {
	t.Helper()
	for _, list := range []string{"--list-conns", "--list-sas"} {
		if out, err := c.control(list); err != nil || strings.TrimSpace(out) != "" {
			t.Errorf("%s: %v %s", list, err, out)
		}
	}
	policies, err := netlink.XfrmPolicyList(netlink.FAMILY_ALL)
	if err != nil {
		t.Error(err)
	}
	for _, p := range policies {
		if p.Dir <= netlink.XFRM_DIR_FWD {
			t.Errorf("left in the kernel: %s", p)
		}
	}
}

// connection returns one between two ends, as swanctl.conf has it.
func connection(name, local, remote string, aggressive bool, mode, key string) string {
	return fmt.Sprintf(`connections { %s {
version = 1
aggressive = %v
local_addrs = %s
remote_addrs = %s
proposals = aes128-sha256-modp2048
local { auth = psk
}
remote { auth = psk
}
children { %s { mode = %s
esp_proposals = aes128-sha256
} } } }
secrets { ike-%s { secret = %q
} }
`, name, map[bool]string{true: "yes", false: "no"}[aggressive], local, remote, name, mode, name, key)
}
