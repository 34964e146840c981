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

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets/need"
)

// hostKey is the preshared key of the tests on the host's kernel.
const hostKey = "the key of the host's tests"

// allowAggressive is charon's name for what it thinks of it.
const allowAggressive = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"

// A charon is strongSwan's daemon on the host's kernel, in a namespace.
type charon struct {
	socket  string
	folder  string
	swanctl string
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
	conf := filepath.Join(folder, "strongswan.conf")
	lines := []string{
		"charon-systemd {", "load_modular = no",
		"load = random nonce openssl aes sha1 sha2 hmac kdf gcm gmp pem pkcs1 x509 pubkey constraints kernel-netlink socket-default vici updown",
		"plugins { vici { socket = unix://" + c.socket + " } }",
		"journal { default = -1 }",
		"filelog { log {", "path = " + filepath.Join(folder, "log"), "default = 1", "flush_line = yes", "} }",
	}
	lines = append(append(lines, options...), "}", "")
	if err := os.WriteFile(conf, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "STRONGSWAN_CONF="+conf)
	p, err := n.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Signal(syscall.SIGTERM)
		<-p.Done()
		if t.Failed() {
			t.Logf("charon said:\n%s", c.log(t))
		}
	})
	await(t, "charon", func() bool {
		if p.Ended() {
			t.Fatalf("charon has ended: %v: %s", p.Wait(), c.log(t))
		}
		_, err := c.control("--stats")
		return err == nil
	})
	return c
}

func (c *charon) control(args ...string) (string, error) {
	out, err := exec.Command(c.swanctl, append(args, "--uri", "unix://"+c.socket)...).Output()
	return string(out), err
}

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

// hasESP reports whether the host's kernel has ESP.
func hasESP(t *testing.T) bool {
	t.Helper()
	s := &netlink.XfrmState{
		Src: []byte{192, 0, 2, 1}, Dst: []byte{192, 0, 2, 2}, Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT, Spi: 0x1000,
		Auth:  &netlink.XfrmStateAlgo{Name: "hmac(sha256)", Key: make([]byte, 32), TruncateLen: 128},
		Crypt: &netlink.XfrmStateAlgo{Name: "cbc(aes)", Key: make([]byte, 16)},
	}
	if err := netlink.XfrmStateAdd(s); err != nil {
		return false
	}
	if err := netlink.XfrmStateDel(s); err != nil {
		t.Fatal(err)
	}
	return true
}

// TestCharon: real daemons on the host's kernel. Where it has no ESP they agree on
// keys that cannot be used: then not a byte leaves but IKE.
func TestCharon(t *testing.T) {
	need.Root(t)
	host := startCharon(t, nil)
	e := &strongswan.Enforcer{Socket: host.socket}
	esp := hasESP(t)
	jobOf := func(w *world, flags ipsec.Flags) job {
		return job{Do: doDiscover, Source: w.source, Portal: w.portal, Flags: flags, Key: hostKey, Outer: w.portal.Addr(), Charon: host.socket, Timeout: limit}
	}
	for _, flags := range []ipsec.Flags{mainTransport, aggrTransport, mainTunnelPFS &^ ipsec.FlagPFS} {
		t.Run(flags.String(), func(t *testing.T) {
			w := newWorld(t, false)
			peer := startCharon(t, w.target, allowAggressive)
			peer.load(t, connection("peer", w.portal.Addr().String(), w.source.String(), flags.Has(ipsec.FlagAggressive), mode(flags), hostKey))
			tap := w.tap(t)
			j := jobOf(w, flags)
			r := j.run(t.Context())
			traffic := tap.stop(t)
			if len(traffic.Clear) > 0 || traffic.IKE == 0 {
				t.Errorf("on the wire: %+v, want IKE and nothing in clear text", *traffic)
			}
			switch {
			case esp && (r.Error != "" || len(r.Targets) != 1):
				t.Errorf("got %+v, want a target", r)
			case !esp && (r.Code != codeFailed || !strings.Contains(r.Error, "kernel has no ESP")):
				t.Errorf("got %q (%s), want that the kernel has no ESP", r.Error, r.Code)
			}
			if log := peer.log(t); strings.Contains(log, "INITIAL_CONTACT") {
				t.Error("the peer was told to forget what it has with this host")
			}
			host.wantClean(t)
		})
	}
	fails := func(t *testing.T, w *world, j job, code string, reason string) {
		t.Helper()
		tap := w.tap(t)
		r := j.run(t.Context())
		if r.Code != code || !strings.Contains(r.Error, reason) {
			t.Errorf("got %q (%s), want %q (%s)", r.Error, r.Code, reason, code)
		}
		if traffic := tap.stop(t); len(traffic.Clear) > 0 || traffic.Protected() > 0 {
			t.Errorf("on the wire: %+v, want IKE at most", *traffic)
		}
	}
	t.Run("wrong key", func(t *testing.T) {
		w := newWorld(t, false)
		peer := startCharon(t, w.target)
		peer.load(t, connection("peer", w.portal.Addr().String(), w.source.String(), false, "transport", "another"))
		fails(t, w, jobOf(w, mainTransport), codeFailed, "preshared key")
		host.wantClean(t)
	})
	t.Run("aggressive mode is not allowed", func(t *testing.T) {
		w := newWorld(t, false)
		peer := startCharon(t, w.target)
		peer.load(t, connection("peer", w.portal.Addr().String(), w.source.String(), true, "transport", hostKey))
		fails(t, w, jobOf(w, aggrTransport), codeFailed, "i_dont_care_about_security_and_use_aggressive_mode_psk")
		host.wantClean(t)
	})
	t.Run("the peer is down", func(t *testing.T) {
		w := newWorld(t, false)
		w.target.Down(t, w.cable)
		j := jobOf(w, mainTransport)
		j.Timeout = silenceTimeout
		r := j.run(t.Context())
		if r.Code != codeFailed || !strings.Contains(r.Error, "does not answer IKE") {
			t.Errorf("got %q (%s)", r.Error, r.Code)
		}
		host.wantClean(t)
	})
	t.Run("the host's own connection", func(t *testing.T) {
		w := newWorld(t, false)
		host.load(t, connection("backup", w.source.String(), w.portal.Addr().String(), false, "transport", "the host's own key"))
		defer host.load(t, "connections { }\n")
		fails(t, w, jobOf(w, mainTransport), codeFailed, `"backup"`)
		existing, err := e.Existing(t.Context(), w.source, w.portal)
		if err != nil || existing.Kind != ipsec.ExistingPartial || !strings.Contains(existing.Name, `"backup"`) {
			t.Errorf("what exists: got %+v, %v; want partial, by the connection", existing, err)
		}
		out, err := host.control("--list-conns")
		if err != nil || !strings.Contains(out, "backup") || strings.Contains(out, "iscsi-discovery") {
			t.Errorf("charon has: %v, %s", err, out)
		}
	})
	t.Run("a trap of the host", func(t *testing.T) {
		w := newWorld(t, false)
		host.load(t, connection("backup", w.source.String(), w.portal.Addr().String(), false, "transport", hostKey))
		defer host.load(t, "connections { }\n")
		if out, err := host.control("--install", "--child", "backup"); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		defer host.control("--uninstall", "--child", "backup")
		existing, err := e.Existing(t.Context(), w.source, w.portal)
		if err != nil || existing.Kind != ipsec.ExistingProtection || existing.Flags != ipsec.FlagValid|ipsec.FlagTransport {
			t.Errorf("what exists: got %+v, %v; want protection in transport mode", existing, err)
		}
	})
	t.Run("killed in the middle", func(t *testing.T) {
		w := newWorld(t, false)
		j := jobOf(w, mainTransport)
		j.Timeout = limit
		w.target.Down(t, w.cable) // so that it lasts
		child := exec.Command("/proc/self/exe")
		child.Env = []string{childEnv(j)}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "a connection in charon", func() bool {
			out, err := host.control("--list-sas")
			return err == nil && strings.Contains(out, "iscsi-discovery")
		})
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		if out, err := host.control("--list-conns"); err != nil || !strings.Contains(out, "iscsi-discovery") {
			t.Fatalf("charon has: %v, %s; want what the child left", err, out)
		}
		j.Timeout = silenceTimeout / 4
		if r := j.run(t.Context()); r.Code != codeFailed {
			t.Errorf("got %q (%s)", r.Error, r.Code)
		}
		host.wantClean(t)
	})
}

func mode(f ipsec.Flags) string {
	if f.Has(ipsec.FlagTunnel) {
		return ipsec.TunnelMode.String()
	}
	return ipsec.TransportMode.String()
}
