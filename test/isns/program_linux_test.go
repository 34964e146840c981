package isns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// program returns the path of the command, built once without the race detector, and run
// by way of the open file, since no test outlives the process to remove it.
func program(t *testing.T) string {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), file.Fd())
}

var built = sync.OnceValues(func() (*os.File, error) {
	folder, err := os.MkdirTemp("", "discover")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "discover")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/go-iscsi/discovery/cmd/discover").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the command: %w: %s", err, out)
	}
	return os.Open(path)
})

// An answer is what a program printed, and how it ended.
type answer struct {
	stdout, stderr string
	exit           int
}

// run runs a program in the namespace of the server. It sees a private /etc/iscsi and
// /var/lib/iscsi, in which open-iscsi's files are.
func (d *isnsd) run(args ...string) answer {
	d.t.Helper()
	for _, folder := range []string{"iscsi", "lib"} {
		if err := os.MkdirAll(filepath.Join(d.folder, folder), 0o700); err != nil {
			d.t.Fatal(err)
		}
	}
	d.write("iscsi/iscsid.conf", "discovery.isns.reopen_max = 0")
	d.write("iscsi/initiatorname.iscsi", "InitiatorName="+hostName)
	const script = `mount --bind "$1/iscsi" /etc/iscsi && mkdir -p /var/lib/iscsi && mount --bind "$1/lib" /var/lib/iscsi && shift && exec "$@"`
	cmd := exec.Command(need.Program(d.t, "unshare"), append([]string{"-m", "sh", "-c", script, "sh", d.folder}, args...)...)
	cmd.Env = append(os.Environ(), "DISCOVER_REGISTRY="+filepath.Join(d.folder, "registry.db"), "HOME="+d.folder, "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := d.ns.Run(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatalf("%q: %v", args, err)
	}
	return answer{stdout: stdout.String(), stderr: stderr.String(), exit: cmd.ProcessState.ExitCode()}
}

// discover runs the command. The test fails if it does.
func (d *isnsd) discover(args ...string) string {
	d.t.Helper()
	a := d.run(append([]string{program(d.t)}, args...)...)
	if a.exit != 0 {
		d.t.Fatalf("discover %q: exit %d: %s%s", args, a.exit, a.stdout, a.stderr)
	}
	return a.stdout
}

// startISCSID answers what iscsiadm asks iscsid before a discovery, by a socket that
// belongs to the network namespace: the initiator name and the configuration file. A
// question and an answer begin with a number; in an answer an error number follows, and
// text of a fixed length.
func (d *isnsd) startISCSID() {
	d.t.Helper()
	var l net.Listener
	err := d.ns.Do(func() (err error) {
		l, err = net.Listen("unix", "@ISCSIADM_ABSTRACT_NAMESPACE")
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerISCSIADM(conn)
		}
	}()
}

// answerISCSIADM answers one question.
func answerISCSIADM(conn net.Conn) {
	defer conn.Close()
	var question [4]byte
	if _, err := io.ReadFull(conn, question[:]); err != nil {
		return
	}
	out := make([]byte, 8+32768)
	copy(out, question[:])
	switch binary.NativeEndian.Uint32(question[:]) {
	case 8:
		copy(out[8:], hostName)
	case 10:
		copy(out[8:], "/etc/iscsi/iscsid.conf")
	}
	if _, err := conn.Write(out); err == nil {
		_, _ = io.Copy(io.Discard, conn) // unread bytes would reset the connection
	}
}
