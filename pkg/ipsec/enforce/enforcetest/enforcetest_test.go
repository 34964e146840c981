package enforcetest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
)

func TestMain(m *testing.M) {
	enforcetest.SetLimit(5 * time.Second) // the least that a busy machine does not use up
	os.Exit(m.Run())
}

// TestKept: an enforcer that keeps its promises passes.
func TestKept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*fake){
		"negotiates":           func(*fake) {},
		"and in place":         func(f *fake) { f.inPlace = true },
		"in place alone":       func(f *fake) { f.inPlace, f.can = true, 0 },
		"without ESP":          func(f *fake) { f.noESP = true },
		"in place, and no ESP": func(f *fake) { f.inPlace, f.noESP = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			enforcetest.Run(t, func(*testing.T) enforcetest.Setup {
				f := newFake("")
				change(f)
				return f.setup()
			})
		})
	}
}

// faultVariable says in a copy of the test program which promise is broken.
const faultVariable = "ENFORCETEST_FAULT"

// TestBroken: an enforcer that breaks one promise fails, in the test of that promise.
// A copy of the test program runs the suite, since it is to fail.
func TestBroken(t *testing.T) {
	t.Parallel()
	if f := os.Getenv(faultVariable); f != "" {
		enforcetest.Run(t, func(*testing.T) enforcetest.Setup { return newFake(fault(f)).setup() })
		return
	}
	for f, in := range map[fault]string{
		"means less":                   "means",
		"refuses late":                 "beyond its means",
		"refuses without a type":       "beyond its means",
		"refuses nothing":              "requests that cannot be",
		"announces another":            "announced",
		"announces by a packet":        "announced",
		"announces by setting up":      "announced",
		"first packet in clear text":   "connection",
		"another source":               "connection",
		"another port":                 "connection",
		"proves another mode":          "connection",
		"proves another exchange":      "connection",
		"proves no bytes":              "connection",
		"proves the key":               "connection",
		"leaves at the end":            "connection",
		"forms":                        "addresses in other forms",
		"any interface":                "interface",
		"shares associations":          "several at once",
		"proves what was not used":     "not used",
		"believes that it is in place": "not in place",
		"falls back to clear text":     "wrong key",
		"tells the key":                "wrong key",
		"tells the key within":         "wrong key",
		"leaves after a failure":       "wrong key",
		"leaves when it is ended":      "ended in the middle",
		"does not end":                 "ended in the middle",
		"dials although it was ended":  "ended between",
		"goes on in clear text":        "associations lost",
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, "-test.run=^TestBroken$", "-test.v")
			cmd.Env = append(os.Environ(), faultVariable+"="+string(f))
			out, err := cmd.CombinedOutput()
			want := "TestBroken/" + strings.ReplaceAll(in, " ", "_")
			if err == nil || !strings.Contains(string(out), "--- FAIL: "+want+" ") {
				t.Errorf("got %v, want that %s fails:\n%s", err, want, out)
			}
		})
	}
}
