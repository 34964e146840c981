package daemon

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// TestEnd: the daemon ends within seconds with exit status 0, whatever its clients do, and
// a portal that is silent does not hold it up.
func TestEnd(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	h := newHouse(t)
	h.start("--probe-allow", "127.0.0.1")
	for _, path := range []string{"/api/v1/events?since=0&wait=1m", "/probe?target=" + silent.Addr().String()} {
		c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	}
	c, err := silent.Accept() // the probe is under way
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	begun := time.Now()
	if status := h.stop(); status != exit.OK {
		t.Errorf("got exit status %d: %s", status, h.stderr.String())
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestUsage: what is wrong on the command line is said in one line, with exit status 2.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"serve"}, {"--listen", "nowhere"}, {"--listen", "example.com:80"}, {"--listen", "fd", "--listen", "127.0.0.1:0"}, {"--every", "10"}, {"--every", "1ms"}, {"--jitter", "60%"},
		{"--jitter", "NaN"}, {"--hold", "0"}, {"--probe-allow", "all"}, {"--web.config.file", "/nonexistent"}, {"--key", "the-secret-itself"}, {"--unknown"}, {"--output", "json"}, {"--host", ""},
	} {
		env := machine.Real()
		var stdout, stderr bytes.Buffer
		env.Stdout, env.Stderr = &stdout, &stderr
		if status := Run(t.Context(), args, env, nil); status != exit.Usage {
			t.Errorf("%q: got exit status %d", args, status)
		}
		if line := stderr.String(); !strings.HasPrefix(line, "discoverd: ") || strings.Count(line, "\n") != 1 || strings.Contains(line, "the-secret-itself") {
			t.Errorf("%q: got %q", args, line)
		}
	}
	for _, args := range [][]string{{"version"}, {"--version"}, {"help"}, {"--help"}} {
		env := machine.Real()
		var stdout bytes.Buffer
		env.Stdout = &stdout
		if status := Run(t.Context(), args, env, nil); status != exit.OK || !strings.HasPrefix(strings.TrimPrefix(stdout.String(), "Usage: "), "discoverd ") {
			t.Errorf("%q: got exit status %d, %q", args, status, stdout.String())
		}
	}
}
