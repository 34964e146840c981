//go:build linux

package iscsiadm

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	roomProgram   = "bin/iscsiadm" // in the room's folder
	systemProgram = "/usr/sbin/iscsiadm"
)

// enter moves the calling thread into the room's mount namespace, which the first call
// makes.
func (r *room) enter() error {
	if r.mounts != nil {
		// A thread that shares its working folder with others may not move.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		return unix.Setns(int(r.mounts.Fd()), unix.CLONE_NEWNS)
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount / private: %w", err)
	}
	for _, own := range []func() error{r.ownConfiguration, r.ownState, ownSysfs, r.ownProgram} {
		if err := own(); err != nil {
			return err
		}
	}
	mounts, err := os.Open(threadFile)
	if err != nil {
		return err
	}
	r.mounts = mounts
	r.t.Cleanup(func() { mounts.Close() })
	return nil
}

// ownConfiguration puts the room's /etc/iscsi in place. Without open-iscsi there is none to
// mount it on, and /etc becomes a folder of links to what was there before.
func (r *room) ownConfiguration() error {
	const etc, iscsi = "/etc", "/etc/iscsi"
	if _, err := os.Stat(iscsi); err != nil {
		before := filepath.Join(r.folder, "etc")
		if err := os.MkdirAll(before, 0o755); err != nil {
			return err
		}
		entries, err := os.ReadDir(etc)
		if err != nil {
			return err
		}
		if err := bind(etc, before); err != nil {
			return err
		}
		if err := tmpfs(etc); err != nil {
			return err
		}
		for _, e := range entries {
			if err := os.Symlink(filepath.Join(before, e.Name()), filepath.Join(etc, e.Name())); err != nil {
				return err
			}
		}
		if err := os.Mkdir(iscsi, 0o755); err != nil {
			return err
		}
	}
	return r.database(filepath.Join(r.folder, "iscsi"), iscsi)
}

// ownState puts the room's /var/lib and an empty /run in place.
func (r *room) ownState() error {
	if err := r.database(filepath.Join(r.folder, "lib"), "/var/lib"); err != nil {
		return err
	}
	if err := tmpfs("/run"); err != nil {
		return err
	}
	return os.MkdirAll("/run/lock/iscsi", 0o755)
}

// ownSysfs shows the kernel's TCP initiator, whose module need not be loaded.
func ownSysfs() error {
	if err := tmpfs("/sys"); err != nil {
		return err
	}
	const transport = "/sys/class/iscsi_transport/tcp"
	if err := os.MkdirAll(transport, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(transport, "handle"), []byte("1\n"), 0o444); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(transport, "caps"), []byte("0x39\n"), 0o444)
}

// ownProgram puts the room's iscsiadm, if it has one, in the place of the system's: some
// callers do not look for it in PATH.
func (r *room) ownProgram() error {
	program := filepath.Join(r.folder, roomProgram)
	if _, err := os.Stat(program); err != nil {
		return nil
	}
	return bind(program, systemProgram)
}

// database mounts a folder in which open-iscsi keeps what it knows.
func (r *room) database(from, to string) error {
	if err := bind(from, to); err != nil || !r.readOnly {
		return err
	}
	if err := unix.Mount("", to, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount %s again, read-only: %w", to, err)
	}
	return nil
}

func bind(from, to string) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", from, to, err)
	}
	return nil
}

func tmpfs(on string) error {
	if err := unix.Mount("tmpfs", on, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount tmpfs on %s: %w", on, err)
	}
	return nil
}
