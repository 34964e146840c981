package powercut

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// roleVariable makes this test binary a child with a part to play, in the folder
// that the first argument names.
const roleVariable = "POWERCUT_TEST_ROLE"

// roles are the parts.
var roles = map[string]func(folder string) error{
	"nothing synced": func(folder string) error {
		return errors.Join(os.Mkdir(folder+"/new", 0o700), put(folder+"/new/file", "contents", false))
	},
	"file synced": func(folder string) error {
		return errors.Join(os.Mkdir(folder+"/new", 0o700), put(folder+"/new/file", "contents", true))
	},
	"all synced": func(folder string) error {
		return errors.Join(os.Mkdir(folder+"/new", 0o700), put(folder+"/new/file", "contents", true), syncFolder(folder+"/new"), syncFolder(folder))
	},
	"synced too early": func(folder string) error {
		return errors.Join(syncFolder(folder), put(folder+"/file", "", true), syncFolder(folder), put(folder+"/file", "contents", false))
	},
	"overwritten": func(folder string) error {
		return errors.Join(put(folder+"/old", "new", false), put(folder+"/old", "er", true), put(folder+"/old", "newest", false))
	},
	"shortened": func(folder string) error { return os.Truncate(folder+"/old", 1) },
	"renamed by links": func(folder string) error {
		return errors.Join(os.Link(folder+"/old", folder+"/name"), syncFolder(folder), os.Remove(folder+"/old"))
	},
	"appended through a copy of a descriptor": func(folder string) error {
		f, err := os.OpenFile(folder+"/old", os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		fd, err := syscall.Dup(int(f.Fd()))
		if err != nil {
			return err
		}
		_, err = syscall.Write(fd, []byte("+more"))
		return errors.Join(err, syscall.Fsync(fd), syscall.Close(fd), f.Close())
	},
	"mapped": func(folder string) error {
		f, err := os.OpenFile(folder+"/old", os.O_RDWR, 0)
		if err != nil {
			return err
		}
		_, err = syscall.Mmap(int(f.Fd()), 0, 3, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		return errors.Join(err, f.Sync(), f.Close())
	},
	"renamed": func(folder string) error { return os.Rename(folder+"/old", folder+"/name") },
	"another process": func(string) error {
		return exec.Command(os.Args[0], "-test.run=^$").Run()
	},
}

func TestMain(m *testing.M) {
	role, ok := os.LookupEnv(roleVariable)
	if !ok {
		os.Exit(m.Run())
	}
	if err := roles[role](os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("done")
	os.Exit(3)
}

func child(role, folder string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], folder)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	return cmd
}

func put(path, contents string, synced bool) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(contents)
	if synced {
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, f.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
