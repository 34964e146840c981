package fleet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// skewed is the discoverd whose clock is off by what is in the file that skewVariable names: a
// number of seconds, 8 bytes, which may change at any time.
const (
	skewed       = "discoverd-skewed"
	skewVariable = "FLEET_TEST_SKEW"
)

// clockReads are the readings of a clock in the project's sources.
var clockReads = regexp.MustCompile(`\btime\.(Now|Since|Until)\b`)

// clock takes the place of these readings. As with a clock that is set wrong, the monotonic
// part of a time is right, and with it all that is awaited.
const clock = `package %s

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

var skewOfTest = openSkewOfTest()

func openSkewOfTest() *atomic.Int64 {
	f, err := os.Open(os.Getenv("` + skewVariable + `"))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	b, err := syscall.Mmap(int(f.Fd()), 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*atomic.Int64)(unsafe.Pointer(&b[0]))
}

func clockNow() time.Time {
	t := time.Now()
	*(*uint64)(unsafe.Pointer(&t)) += uint64(skewOfTest.Load() << 30) // the seconds of a time that has a monotonic part
	return t
}

func clockSince(t time.Time) time.Duration { return clockNow().Sub(t) }
func clockUntil(t time.Time) time.Duration { return t.Sub(clockNow()) }

var _, _ = clockSince, clockUntil
`

// buildSkewed builds discoverd with clocks of the project's packages that can be set. What
// others wrote, TLS among it, has the right time.
func buildSkewed(dir string) error {
	replace := map[string]string{}
	list := exec.Command("go", "list", "-deps", "-f", `{{if and .Module (not .Standard)}}{{if .Module.Main}}{{.Name}} {{.Dir}}{{range .GoFiles}} {{.}}{{end}}{{end}}{{end}}`, module+"cmd/discoverd")
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the packages of discoverd: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if err := skewPackage(dir, f[0], f[1], f[2:], replace); err != nil {
			return err
		}
	}
	overlay := filepath.Join(dir, "overlay.json")
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		err = os.WriteFile(overlay, b, 0o600)
	}
	if err != nil {
		return err
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", filepath.Join(dir, skewed), module+"cmd/discoverd")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build discoverd with a clock that can be set: %w: %s", err, out)
	}
	return nil
}

// skewPackage notes what takes the place of a package's files.
func skewPackage(dir, name, folder string, files []string, replace map[string]string) error {
	found := false
	for _, file := range files {
		source, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			return err
		}
		changed := clockReads.ReplaceAll(source, []byte("clock$1"))
		if bytes.Equal(changed, source) {
			continue
		}
		found = true
		changed = append(changed, "\nvar _ time.Time // else the file may import it in vain\n"...)
		path := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			return err
		}
		replace[filepath.Join(folder, file)] = path
	}
	if !found {
		return nil
	}
	path := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
	replace[filepath.Join(folder, "clock_in_tests.go")] = path
	return os.WriteFile(path, fmt.Appendf(nil, clock, name), 0o600)
}

// setClock sets by how much the clock of a host with a skewed discoverd is off, running or not.
func (h *host) setClock(t *testing.T, off time.Duration) {
	t.Helper()
	h.off = off
	f, err := os.OpenFile(h.clock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(off/time.Second)), 0); err != nil { //nolint:gosec // the bits of a number that may be negative
		t.Fatal(err)
	}
}

// clocks has clocks jump: what is shown as the time is wrong, and nothing else is. One host's
// has been wrong from the beginning.
func (l *lab) clocks(t *testing.T) {
	slow, jumps := l.hosts[3], l.hosts[4]
	for _, off := range []time.Duration{5 * time.Hour, -10 * time.Hour, 0} {
		jumps.setClock(t, off)
		l.block(t, jumps)
		events := l.console.all(t)
		if wrong := events[len(events)-1].Since.Sub(time.Now().Add(off)).Abs(); wrong > time.Minute {
			t.Errorf("%s says that the portal fails since %v, with a clock that is wrong by %v", jumps.name, events[len(events)-1].Since, off)
		}
		l.unblock(t, jumps)
	}
	l.awaitWhole(t)
	for _, h := range l.console.read(t, "hosts").Hosts {
		off := time.Duration(0)
		if h.Host == slow.name {
			off = slow.off
		}
		if wrong := h.Started.Sub(time.Now().Add(off)).Abs(); wrong > 10*time.Minute || h.State != "up" {
			t.Errorf("got %+v, of a host whose clock is wrong by %v", h, off)
		}
	}
	l.same(t)
}
