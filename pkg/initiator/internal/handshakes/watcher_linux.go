package handshakes

import (
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// A watcher says which handshakes may be over: an epoll instance, which waits in the
// poller of the runtime.
type watcher struct {
	f      *os.File
	fd     int
	events [256]syscall.EpollEvent
	found  []int

	mu    sync.Mutex // guards woken
	woken bool       // since the last wait
}

func newWatcher() (*watcher, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // so that the runtime polls it
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &watcher{f: os.NewFile(uintptr(fd), "epoll"), fd: fd}, nil
}

// add watches a handshake, until its socket is closed.
func (w *watcher) add(h *dial.Handshake, number int) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLOUT | syscall.EPOLLONESHOT, Fd: int32(number)}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(w.fd, syscall.EPOLL_CTL_ADD, h.Descriptor(), &event))
}

// wake ends a wait, from any goroutine.
func (w *watcher) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	_ = w.f.SetReadDeadline(time.Unix(1, 0))
}

// until gives the next wait its end, unless it was woken before it began.
func (w *watcher) until(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.woken {
		_ = w.f.SetReadDeadline(t)
	}
	w.woken = false
}

// end ends the watcher, from any goroutine.
func (w *watcher) end() { _ = w.f.Close() }

// wait waits until a time, and returns the numbers of handshakes that may be over.
func (w *watcher) wait(until time.Time) (numbers []int, ended bool) {
	raw, err := w.f.SyscallConn()
	if err != nil {
		return nil, true
	}
	w.found = w.found[:0]
	w.until(until)
	err = raw.Read(func(fd uintptr) bool {
		n, err := syscall.EpollWait(int(fd), w.events[:], 0)
		if err != nil {
			n = 0
		}
		for _, e := range w.events[:n] {
			w.found = append(w.found, int(e.Fd))
		}
		return n > 0
	})
	return w.found, err != nil && !os.IsTimeout(err)
}
