//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Folders of the initial file system.
const (
	hostFolder  = "/host"    // the host's files, as they are
	layerFolder = "/layer"   // what the guest writes
	newRoot     = "/newroot" // both together
	programs    = "/guest"   // the test's programs; the same name below the new root
)

// hostModules is the folder of the kernel's modules on the host.
const hostModules = "/usr/lib/uml/modules"

// changeRoot makes the host's files the guest's, in such a way that the guest
// may write wherever it likes and the host does not see it.
func changeRoot() error {
	if err := mount(hostFolder, "hostfs"); err != nil {
		return err
	}
	if err := mount(layerFolder, "tmpfs"); err != nil {
		return err
	}
	release, err := kernelRelease()
	if err != nil {
		return err
	}
	modules := filepath.Join(hostModules, release)
	if err := loadModule(filepath.Join(hostFolder, modules, "kernel/fs/overlayfs/overlay.ko")); err != nil {
		return err
	}
	upper, work := filepath.Join(layerFolder, "upper"), filepath.Join(layerFolder, "work")
	for _, folder := range []string{upper, work, newRoot} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
	}
	layers := "lowerdir=" + hostFolder + ",upperdir=" + upper + ",workdir=" + work
	if err := unix.Mount("root", newRoot, "overlay", 0, layers); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if err := moveMount(programs, newRoot+programs, unix.MS_BIND); err != nil {
		return err
	}
	if err := moveMount("/dev", newRoot+"/dev", unix.MS_MOVE); err != nil {
		return err
	}
	if err := enter(newRoot); err != nil {
		return err
	}
	for _, m := range []struct{ folder, kind string }{
		{"/proc", "proc"}, {"/sys", "sysfs"}, {"/run", "tmpfs"}, {"/dev/shm", "tmpfs"},
	} {
		if err := mount(m.folder, m.kind); err != nil {
			return err
		}
	}
	if err := os.Mkdir("/run/lock", 0o755); err != nil { // as in Debian
		return err
	}
	// Where modprobe, which the kernel runs, too, looks for modules.
	standard := filepath.Join("/lib/modules", release)
	if err := os.RemoveAll(standard); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(standard), 0o755); err != nil {
		return err
	}
	return os.Symlink(modules, standard)
}

// enter makes a mounted folder the root of this process and of all that the
// kernel starts.
func enter(folder string) error {
	if err := os.Chdir(folder); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s to /: %w", folder, err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	return os.Chdir("/")
}

// mount mounts a new file system on a folder, which is made where it is missing.
func mount(folder, kind string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(kind, folder, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", kind, folder, err)
	}
	return nil
}

// moveMount shows a folder at another place.
func moveMount(from, to string, how uintptr) error {
	for _, folder := range []string{from, to} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount(from, to, "", how, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", from, to, err)
	}
	return nil
}

func kernelRelease() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(u.Release[:]), nil
}

// loadModule loads a module that needs no others.
func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}
