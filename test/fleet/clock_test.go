package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// skewed is the discoverd whose clock is off by what skewVariable says, in seconds.
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
	"strconv"
	"time"
	"unsafe"
)

var skewOfTest, _ = strconv.ParseInt(os.Getenv("` + skewVariable + `"), 10, 64)

func clockNow() time.Time {
	t := time.Now()
	*(*uint64)(unsafe.Pointer(&t)) += uint64(skewOfTest << 30) // the seconds of a time that has a monotonic part
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
