package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestFewFiles: under a limit of open files that is far below --parallel, which
// cannot be raised, every portal is asked all the same. A soft limit alone is
// raised.
func TestFewFiles(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	s := iscsitest.ListenWith(t, l, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk"}}})
	command := filepath.Join(binDir, "discover")
	for _, tt := range []struct{ name, limit string }{
		{"hard", "ulimit -n 24"},
		{"soft", "ulimit -S -n 24"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const portals = 250
			cmd := exec.Command("/bin/sh", "-c", tt.limit+` && exec "$0" "$@"`, command, "scan", "-o", "jsonl", "--all", "--parallel", "200",
				"--tcp-port", fmt.Sprint(s.Addr.Port()), fmt.Sprintf("127.0.3.1-127.0.3.%d", portals))
			var stderr strings.Builder
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("%v: %s", err, stderr.String())
			}
			answered := 0
			for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
				var line struct{ Type, Status string }
				if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
					t.Fatal(err)
				}
				switch {
				case line.Type == "portal" && line.Status == "ok":
					answered++
				case line.Type == "portal":
					t.Errorf("%s", lines.Bytes())
				}
			}
			if answered != portals {
				t.Errorf("%d of %d portals answered", answered, portals)
			}
		})
	}
}
