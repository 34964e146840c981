// Package need says what a test of the real world cannot do without: a program,
// root, Linux, IPv6. Where it is missing the test is skipped with a text that
// names the remedy; with DISCOVER_TEST_ALL=1 in the environment it fails
// instead, so that a continuous build cannot lose a test without notice.
package need

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// All is the environment variable that turns every skip into a failure.
const All = "DISCOVER_TEST_ALL"

// packages maps a program to the Debian package that has it.
var packages = map[string]string{
	"/usr/bin/python3": "python3",
	"awk":              "mawk",
	"bash":             "bash",
	"charon-systemd":   "charon-systemd",
	"chromium":         "chromium",
	"curl":             "curl",
	"dumpcap":          "wireshark-common",
	"etcd":             "etcd-server",
	"etcdctl":          "etcd-client",
	"fish":             "fish",
	"groff":            "groff-base",
	"ip":               "iproute2",
	"iscsi-ls":         "libiscsi-bin",
	"iscsi_discovery":  "open-iscsi",
	"iscsiadm":         "open-iscsi",
	"isnsadm":          "open-isns-utils",
	"isnsd":            "open-isns-server",
	"iscsid":           "open-iscsi",
	"istgt":            "istgt",
	"jq":               "jq",
	"linux.uml":        "user-mode-linux",
	"modprobe":         "kmod",
	"nmap":             "nmap",
	"nsenter":          "util-linux",
	"unshare":          "util-linux",
	"pidof":            "procps",
	"prometheus":       "prometheus",
	"promtool":         "prometheus",
	"ps":               "procps",
	"setpriv":          "util-linux",
	"sqlite3":          "sqlite3",
	"stdbuf":           "coreutils",
	"swanctl":          "strongswan-swanctl",
	"systemd-analyze":  "systemd",
	"tgtadm":           "tgt",
	"tgtd":             "tgt",
	"tshark":           "tshark",
	"zsh":              "zsh",
}

// systemFolders are searched after PATH, which for an ordinary user often lacks
// the folders where daemons are.
var systemFolders = []string{"/usr/sbin", "/sbin", "/usr/local/sbin"}

// standardFolders are where every Unix has the tools that POSIX promises: sh, cat,
// cp and their like.
const standardFolders = "/usr/bin:/bin"

// StandardTools returns a PATH for tests that run such tools: the one that is set
// and, behind it, where they are. A PATH that has nothing but Go in it is no reason
// to do without them (issue 13, 27).
func StandardTools() string {
	path := os.Getenv("PATH")
	switch {
	case runtime.GOOS == "windows":
		return path
	case path == "":
		return standardFolders
	}
	return path + ":" + standardFolders
}

// Program returns the path of a program that the test runs.
func Program(t testing.TB, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, folder := range systemFolders {
		if path, err := exec.LookPath(filepath.Join(folder, name)); err == nil {
			return path
		}
	}
	if pkg, ok := packages[name]; ok {
		Missing(t, "the program "+name, "apt-get install "+pkg)
	} else {
		Missing(t, "the program "+name, "install it")
	}
	return ""
}

// Linux asks for the Linux kernel.
func Linux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		Missing(t, "Linux (this is "+runtime.GOOS+")", "run it there")
	}
}

// Root asks for Linux and user 0, as captures and network namespaces do.
func Root(t testing.TB) {
	t.Helper()
	Linux(t)
	if os.Geteuid() != 0 {
		Missing(t, "root", "run the tests as root")
	}
}

// IPv6 asks for an IPv6 loopback address.
func IPv6(t testing.TB) {
	t.Helper()
	if !HasIPv6() {
		Missing(t, "the IPv6 loopback address ::1", "sysctl net.ipv6.conf.lo.disable_ipv6=0")
	}
}

// HasIPv6 tells whether the IPv6 loopback address can be bound.
func HasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// Missing skips the test for want of something, or fails it where everything
// has to be there.
func Missing(t testing.TB, what, remedy string) {
	t.Helper()
	if os.Getenv(All) == "1" {
		t.Fatalf("NOT TESTED: %s is missing, and %s=1 forbids to skip; remedy: %s", what, All, remedy)
		return
	}
	t.Skipf("NOT TESTED: %s needs %s, which is missing here; remedy: %s", t.Name(), what, remedy)
}
