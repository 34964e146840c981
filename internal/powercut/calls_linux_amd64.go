package powercut

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// enter looks at a system call that begins, and returns what is to be done once it
// has succeeded; nil: nothing.
func (tr *tracer) enter(number uint64, a [6]uint64) func(result int64) {
	const here = unix.AT_FDCWD
	fd := int(int32(a[0]))
	switch number {
	case unix.SYS_OPEN:
		return tr.open(tr.path(here, a[0]), int(a[1]))
	case unix.SYS_CREAT:
		return tr.open(tr.path(here, a[0]), unix.O_CREAT|unix.O_WRONLY|unix.O_TRUNC)
	case unix.SYS_OPENAT:
		return tr.open(tr.path(fd, a[1]), int(a[2]))
	case unix.SYS_MKDIR:
		return tr.mkdir(tr.path(here, a[0]))
	case unix.SYS_MKDIRAT:
		return tr.mkdir(tr.path(fd, a[1]))
	case unix.SYS_LINK:
		return tr.link(tr.path(here, a[0]), tr.path(here, a[1]))
	case unix.SYS_LINKAT:
		return tr.link(tr.path(fd, a[1]), tr.path(int(int32(a[2])), a[3]))
	case unix.SYS_UNLINK, unix.SYS_RMDIR:
		return tr.unlink(tr.path(here, a[0]))
	case unix.SYS_UNLINKAT:
		return tr.unlink(tr.path(fd, a[1]))
	case unix.SYS_TRUNCATE:
		_, _, file, ok := tr.d.find(tr.path(here, a[0]))
		return tr.change(ok && file >= 0, change{kind: truncate, file: file, offset: int64(a[1])})
	case unix.SYS_SYNC:
		return tr.change(true, change{kind: syncAll, before: len(tr.d.changes)})
	default:
		if message := tr.unknown(number, a); message != "" {
			tr.fail("the child %s, which is not recorded", message)
			return nil
		}
		return tr.enterFile(number, fd, a)
	}
}

// enterFile is enter for calls that have a descriptor.
func (tr *tracer) enterFile(number uint64, fd int, a [6]uint64) func(result int64) {
	file, ours := tr.fds[fd]
	switch number {
	case unix.SYS_CLOSE:
		// The number may be given anew before the call has come back.
		delete(tr.fds, fd)
	case unix.SYS_DUP, unix.SYS_DUP2, unix.SYS_DUP3:
		return tr.dup(fd)
	case unix.SYS_FCNTL:
		if command := int(a[1]); command == unix.F_DUPFD || command == unix.F_DUPFD_CLOEXEC {
			return tr.dup(fd)
		}
	case unix.SYS_WRITE:
		if data := a[1]; ours || fd == 1 {
			return func(n int64) { tr.written(fd, file, ours, tr.memory(data, uint64(n))) }
		}
	case unix.SYS_PWRITE64:
		if ours {
			return func(n int64) {
				tr.note(change{kind: write, file: file, offset: int64(a[3]), data: tr.memory(a[1], uint64(n))})
			}
		}
	case unix.SYS_FTRUNCATE:
		return tr.change(ours, change{kind: truncate, file: file, offset: int64(a[1])})
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		return tr.change(ours, change{kind: sync, file: file, before: len(tr.d.changes)})
	case unix.SYS_SYNCFS:
		return tr.change(ours, change{kind: syncAll, before: len(tr.d.changes)})
	}
	return nil
}

// unknown returns what a call does to the folder in a way that is not recorded;
// empty: nothing. A file that is mapped into memory is noted, and its contents are
// taken for lost.
func (tr *tracer) unknown(number uint64, a [6]uint64) string {
	_, ours := tr.fds[int(int32(a[0]))]
	inside := func(paths ...string) bool {
		for _, path := range paths {
			if path == tr.d.folder || strings.HasPrefix(path, tr.d.folder+"/") {
				return true
			}
		}
		return false
	}
	const here = unix.AT_FDCWD
	switch number {
	case unix.SYS_MMAP:
		const shared = unix.MAP_SHARED & unix.MAP_SHARED_VALIDATE
		file, mine := tr.fds[int(int32(a[4]))]
		if mine && a[3]&unix.MAP_ANONYMOUS == 0 && a[3]&shared != 0 && a[2]&unix.PROT_WRITE != 0 {
			tr.note(change{kind: mapped, file: file})
		}
	case unix.SYS_WRITEV, unix.SYS_PWRITEV, unix.SYS_PWRITEV2, unix.SYS_SENDFILE, unix.SYS_FALLOCATE:
		if ours {
			return fmt.Sprintf("writes by system call %d", number)
		}
	case unix.SYS_COPY_FILE_RANGE, unix.SYS_SPLICE:
		if _, ours := tr.fds[int(int32(a[2]))]; ours {
			return "copies between descriptors"
		}
	case unix.SYS_RENAME:
		if inside(tr.path(here, a[0]), tr.path(here, a[1])) {
			return "renames a file"
		}
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		if inside(tr.path(int(int32(a[0])), a[1]), tr.path(int(int32(a[2])), a[3])) {
			return "renames a file"
		}
	case unix.SYS_SYMLINK:
		if inside(tr.path(here, a[1])) {
			return "makes a symbolic link"
		}
	case unix.SYS_SYMLINKAT:
		if inside(tr.path(int(int32(a[1])), a[2])) {
			return "makes a symbolic link"
		}
	case unix.SYS_MKNOD:
		if inside(tr.path(here, a[0])) {
			return "makes a device"
		}
	case unix.SYS_MKNODAT:
		if inside(tr.path(int(int32(a[0])), a[1])) {
			return "makes a device"
		}
	case unix.SYS_OPENAT2:
		if inside(tr.path(int(int32(a[0])), a[1])) {
			return "opens a file by openat2"
		}
	case unix.SYS_IO_URING_SETUP:
		return "uses io_uring"
	}
	return ""
}

// change returns what notes a change, where there is one.
func (tr *tracer) change(is bool, c change) func(int64) {
	if !is {
		return nil
	}
	return func(int64) { tr.note(c) }
}

func (tr *tracer) open(path string, flags int) func(int64) {
	return func(fd int64) {
		folder, name, file, ok := tr.d.find(path)
		if !ok {
			delete(tr.fds, int(fd))
			return
		}
		switch {
		case flags&unix.O_TMPFILE == unix.O_TMPFILE:
			tr.fail("the child makes a file without a name, which is not recorded")
			return
		case file < 0 && flags&unix.O_CREAT == 0:
			tr.fail("%s was opened, and nobody has made it", path)
			return
		case file < 0:
			file = tr.d.add(false)
			tr.d.link(folder, name, file)
		case flags&unix.O_TRUNC != 0:
			tr.note(change{kind: truncate, file: file})
		}
		tr.fds[int(fd)] = file
	}
}

func (tr *tracer) mkdir(path string) func(int64) {
	return func(int64) {
		if folder, name, _, ok := tr.d.find(path); ok {
			tr.d.link(folder, name, tr.d.add(true))
		}
	}
}

func (tr *tracer) link(from, to string) func(int64) {
	return func(int64) {
		_, _, file, ok := tr.d.find(from)
		folder, name, _, ok2 := tr.d.find(to)
		if ok && ok2 {
			tr.d.link(folder, name, file)
		} else if ok || ok2 {
			tr.fail("%s became a link to %s: one of them is not watched", to, from)
		}
	}
}

func (tr *tracer) unlink(path string) func(int64) {
	return func(int64) {
		if folder, name, file, ok := tr.d.find(path); ok && file >= 0 {
			tr.d.unlink(folder, name)
		}
	}
}

func (tr *tracer) dup(fd int) func(int64) {
	return func(result int64) {
		if file, ours := tr.fds[fd]; ours {
			tr.fds[int(result)] = file
		} else {
			delete(tr.fds, int(result))
		}
	}
}

// written notes what was written to where a descriptor stood, or to standard output.
func (tr *tracer) written(fd, file int, ours bool, data []byte) {
	if !ours {
		tr.note(change{kind: say, data: data})
		return
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tr.pid, fd))
	var end int64
	if err == nil {
		_, err = fmt.Sscanf(string(b), "pos: %d", &end)
	}
	if err != nil {
		tr.fail("where a file was written: %w", err)
		return
	}
	tr.note(change{kind: write, file: file, offset: end - int64(len(data)), data: data})
}
