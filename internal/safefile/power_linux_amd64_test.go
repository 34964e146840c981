package safefile_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/internal/powercut"
	"github.com/go-iscsi/discovery/internal/safefile"
)

// createVariable makes this test binary a child that creates the file of that path.
// userVariable makes it an ordinary user first.
const (
	createVariable = "SAFEFILE_TEST_CREATE"
	userVariable   = "SAFEFILE_TEST_USER"
)

const (
	powerContents = "contents"
	nobody        = 65534
)

func TestMain(m *testing.M) {
	path, ok := os.LookupEnv(createVariable)
	if !ok {
		os.Exit(m.Run())
	}
	var err error
	if os.Getenv(userVariable) != "" {
		err = errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody))
	}
	if err = errors.Join(err, safefile.Create(path, []byte(powerContents))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("created")
}

// TestPower: when the power fails, the file is there if Create has returned, and
// whole if it is there, in new folders, too (issue 13, 17).
func TestPower(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		root       bool // the test needs root
		mode       fs.FileMode
	}{
		{name: "in the folder", path: "file", mode: 0o700},
		{name: "in a new folder", path: "new/file", mode: 0o700},
		{name: "in new folders", path: "new/newer/newest/file", mode: 0o700},
		{name: "in a folder that the user may not read", path: "file", root: true, mode: 0o733},
		{name: "in a new folder where the user may not read", path: "new/newer/file", root: true, mode: 0o733},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder, env := t.TempDir(), os.Environ()
			if tt.root {
				need.Root(t)
				open(t, folder)
				env = append(env, userVariable+"=1")
			}
			if err := os.Chmod(folder, tt.mode); err != nil {
				t.Fatal(err)
			}
			d, err := powercut.Watch(folder)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(env, createVariable+"="+filepath.Join(folder, tt.path))
			if status, stderr := d.Run(t, cmd); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			created := 0
			for moment := range d.Moments() {
				said := d.Said(moment) != ""
				if said {
					created++
				}
				for seed := range uint64(4) {
					for _, luck := range []powercut.Luck{powercut.Nothing, powercut.Everything, powercut.NamesOnly, powercut.DataOnly, powercut.Chance(seed)} {
						wantPowered(t, d.Cut(moment, luck), tt.path, said)
					}
				}
				if t.Failed() {
					t.Fatalf("at moment %d of %d", moment, d.Moments())
				}
			}
			if created == 0 {
				t.Error("the file was never created")
			}
		})
	}
}

// open lets every user pass the folders above one in which tests have theirs.
func open(t *testing.T, folder string) {
	t.Helper()
	for path := filepath.Dir(folder); path != filepath.Clean(os.TempDir()) && path != "/"; path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o711); err != nil {
			t.Fatal(err)
		}
	}
}

// wantPowered holds what a power failure left to that: created says that Create has
// returned.
func wantPowered(t *testing.T, image *powercut.Image, path string, created bool) {
	t.Helper()
	folder := t.TempDir()
	defer os.RemoveAll(folder)
	if err := image.WriteTo(folder); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(folder, path))
	if errors.Is(err, fs.ErrNotExist) && !created {
		return
	}
	if err != nil || string(b) != powerContents {
		t.Errorf("created: %t: got %q, %v", created, b, err)
	}
}
