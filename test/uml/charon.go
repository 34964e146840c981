//go:build linux

package uml

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// ipsecModules are the kernel's IPsec and the algorithms that tests use. The
// kernel would find most of them by itself, in the middle of a negotiation.
var ipsecModules = []string{
	"xfrm_user", "esp4", "esp6", "authenc", "cbc", "echainiv", "gcm", "ctr", "ghash-generic", "seqiv", "des_generic", "sha512_generic",
}

// charonPlugins are the parts of charon that tests use: what it needs for
// preshared keys, and the kernel's IPsec. One that does IPsec by itself would be
// taken if it were installed and nothing was said.
const charonPlugins = "random nonce openssl aes des sha1 sha2 md5 hmac kdf gcm gmp curve25519 pem pkcs1 x509 pubkey constraints " +
	"kernel-netlink socket-default vici updown counters"

const (
	charonFolder = "/run/charon"
	charonConf   = charonFolder + "/strongswan.conf"
	charonLog    = charonFolder + "/log"
	charonLimit  = time.Minute // for charon to become ready
	charonEvery  = 50 * time.Millisecond
)

// charonEnv has charon and swanctl read our settings instead of the host's.
var charonEnv = []string{"STRONGSWAN_CONF=" + charonConf}

var (
	errCharon = errors.New("uml: charon is not ready in time")
	errPluto  = errors.New("uml: pluto is not ready in time")
	errIked   = errors.New("uml: iked is not ready in time")
)

// A CharonConfig says how to start charon.
type CharonConfig struct {
	// Options are added to the settings of charon, a line each, such as
	// "i_dont_care_about_security_and_use_aggressive_mode_psk = yes".
	Options []string
}

// Charon is strongSwan's IKE daemon, in a guest.
type Charon struct {
	// Socket is the path in the guest where charon takes orders (VICI).
	Socket string

	guest  *Guest
	daemon *Daemon
}

// StartCharon starts charon, without any connection. It takes orders when
// StartCharon returns.
func (g *Guest) StartCharon(t testing.TB, cfg CharonConfig) *Charon {
	t.Helper()
	need.Program(t, "charon-systemd")
	need.Program(t, "swanctl")
	c := &Charon{Socket: path.Join(charonFolder, "vici"), guest: g}
	g.Put(t, File{Path: charonConf, Data: []byte(cfg.text(c.Socket))})
	g.warmIPsec(t)
	c.daemon = g.Start(t, Command{Args: []string{"charon-systemd"}, Env: charonEnv})
	if err := c.await(t.Context()); err != nil {
		t.Fatalf("%v: %s", err, c.Log(t))
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("charon logged:\n%s", c.Log(t))
		}
	})
	return c
}

// warmIPsec makes the kernel put together what it needs for the usual algorithms,
// which takes it seconds, and would else do so in the middle of the first
// connection.
func (g *Guest) warmIPsec(t testing.TB) {
	t.Helper()
	g.Run(t, append([]string{"modprobe", "-a"}, ipsecModules...)...)
	const sa = "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1001 mode transport "
	const forget = "xfrm state flush"
	key := "0x" + strings.Repeat("0123456789abcdef", 2) // 16 bytes; never used
	g.batch(t,
		sa+"enc cbc(aes) "+key+" auth-trunc hmac(sha256) "+key+key[2:]+" 128", forget,
		sa+"enc cbc(aes) "+key+" auth-trunc hmac(sha1) "+key+"01234567 96", forget,
		sa+"aead rfc4106(gcm(aes)) "+key+"01234567 128", forget,
	)
}

// text returns the settings of charon, as strongswan.conf has them.
func (c *CharonConfig) text(socket string) string {
	lines := []string{
		"charon-systemd {",
		"load_modular = no",
		"load = " + charonPlugins,
		"plugins { vici { socket = unix://" + socket + " } }",
		"journal { default = -1 }",
		"filelog {", "log {", "path = " + charonLog, "flush_line = yes", "default = 1", "}", "}",
	}
	lines = append(lines, c.Options...)
	lines = append(lines, "}", "swanctl {", "load = random", "}", "")
	return strings.Join(lines, "\n")
}

// await waits until charon answers.
func (c *Charon) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, charonLimit, errCharon)
	defer cancel()
	tick := time.NewTicker(charonEvery)
	defer tick.Stop()
	for {
		if _, err := c.swanctl(ctx, "--stats"); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.daemon.Done():
			return fmt.Errorf("uml: charon has ended: %w", c.daemon.Wait())
		case <-tick.C:
		}
	}
}

// Load makes connections and secrets, written as in swanctl.conf, the only ones.
// What is established stays.
func (c *Charon) Load(t testing.TB, text string) {
	t.Helper()
	file := path.Join(charonFolder, "swanctl.conf")
	c.guest.Put(t, File{Path: file, Data: []byte(text)})
	c.Swanctl(t, "--load-all", "--clear", "--noprompt", "--file", file)
}

// Swanctl runs swanctl and returns what it printed. If it fails, so does the
// test.
func (c *Charon) Swanctl(t testing.TB, args ...string) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	out, err := c.swanctl(ctx, args...)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

// Left returns what charon has of associations, of IKE and of ESP.
func (c *Charon) Left(t testing.TB) string {
	t.Helper()
	return c.Swanctl(t, "--list-sas")
}

// Initiate negotiates a connection's child, and fails where that does.
func (c *Charon) Initiate(ctx context.Context, child string) error {
	out, err := c.swanctl(ctx, "--initiate", "--timeout", "20", "--child", child)
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Terminate ends all that is established, and tells the other ends.
func (c *Charon) Terminate(t testing.TB) {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	// It fails where there is nothing to end.
	out, err := c.swanctl(ctx, "--list-sas", "--raw")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for line := range strings.Lines(out) {
		_, rest, ok := strings.Cut(line, "uniqueid=")
		if !ok {
			continue
		}
		id, _, _ := strings.Cut(rest, " ")
		if out, err := c.swanctl(ctx, "--terminate", "--force", "--timeout", "5", "--ike-id", id); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

func (c *Charon) swanctl(ctx context.Context, args ...string) (string, error) {
	var out strings.Builder
	cmd := Command{Args: append(append([]string{"swanctl"}, args...), "--uri", "unix://"+c.Socket), Env: charonEnv}
	err := c.guest.Exec(ctx, cmd, &out)
	return out.String(), err
}

// Stop ends charon at once: it tells nobody, and leaves its policies and SAs to
// the kernel.
func (c *Charon) Stop() { c.daemon.Stop() }

// Log returns the end of what charon has logged.
func (c *Charon) Log(t testing.TB) string {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	out, err := c.guest.Output(ctx, "tail", "-n", "200", charonLog)
	if err != nil {
		return err.Error() // it may be asked after the guest's end
	}
	return out
}
