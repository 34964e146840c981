package handshakes

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/dial"
)

// silent returns the address of a listener whose queue is full: the kernel drops each
// SYN.
func silent(t *testing.T) netip.AddrPort {
	t.Helper()
	fd := socket(t)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	at := sa.(*syscall.SockaddrInet4)
	for range 4 {
		if err := syscall.Connect(socket(t), at); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatal(err)
		}
	}
	return netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port))
}

func socket(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	return fd
}

// begin begins a handshake, however soon it is over.
func begin(t *testing.T, to netip.AddrPort) *dial.Handshake {
	t.Helper()
	_, h, err := dial.TCP(t.Context(), func(dial.Deadliner) {}, netip.Addr{}, "", to, -1)
	if err != nil || h == nil {
		t.Fatalf("got %v, %v", h, err)
	}
	return h
}

var errLate = errors.New("late")

// TestEnds: a handshake ends as a connection, refused, at its deadline, or with the run;
// the set is idle when each was taken.
func TestEnds(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := gone.Addr().(*net.TCPAddr).AddrPort()
	_ = gone.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	closed := 0
	s := New[string](ctx, 10, 2, func() { closed++ })
	defer s.Close()
	<-s.Idle()
	quiet := silent(t)
	far := time.Now().Add(time.Hour)
	for _, add := range []struct {
		item     string
		to       netip.AddrPort
		deadline time.Time
	}{
		{"cancelled", quiet, far},
		{"connected", l.Addr().(*net.TCPAddr).AddrPort(), far},
		{"late", quiet, time.Now().Add(20 * time.Millisecond)},
		{"later", quiet, time.Now().Add(40 * time.Millisecond)},
	} {
		if err := s.Add(begin(t, add.to), add.item, add.deadline, errLate); err != nil {
			t.Fatal(err)
		}
	}
	got := make(map[string]Result[string])
	for range 3 {
		<-s.Ready
		r := s.Take()
		got[r.Item] = r
	}
	select {
	case <-s.Idle():
		t.Error("it is idle, with a handshake under way")
	default:
	}
	cancel()
	<-s.Ready
	r := s.Take()
	got[r.Item] = r
	<-s.Idle()
	if c := got["connected"]; c.Err != nil || c.Conn == nil {
		t.Errorf("connected: %v", c)
	} else {
		_ = c.Conn.Close()
	}
	for item, want := range map[string]error{"cancelled": context.Canceled, "late": errLate, "later": errLate} {
		if r := got[item]; !errors.Is(r.Err, want) || r.Conn != nil || r.Spent <= 0 {
			t.Errorf("%s: %v", item, r)
		}
	}
	if got["later"].Spent < got["late"].Spent {
		t.Errorf("%s before %s", got["later"].Spent, got["late"].Spent)
	}
	if closed != 3 {
		t.Errorf("%d of 3 were closed", closed)
	}
	// The kernel refuses before the set is asked, but the error is the same.
	if _, _, err := dial.TCP(t.Context(), func(dial.Deadliner) {}, netip.Addr{}, "", refused, -1); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("refused: %v", err)
	}
}

// TestRoom: as long as each handshake may become a connection, few begin; that none of
// them did so after a while makes room for others.
func TestRoom(t *testing.T) {
	t.Parallel()
	const sessions = 2
	ctx, cancel := context.WithCancel(t.Context())
	s := New[int](ctx, 100, sessions, func() {})
	quiet, far := silent(t), time.Now().Add(time.Hour)
	add := func() (n int) {
		for ; s.HasRoom() && n < 1000; n++ {
			if err := s.Add(begin(t, quiet), n, far, errLate); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	first := add()
	if first != ahead*sessions {
		t.Errorf("%d handshakes, want %d", first, ahead*sessions)
	}
	all := first
	for all < 100 {
		<-s.More
		all += add()
	}
	if s.HasRoom() || all != 100 {
		t.Errorf("%d handshakes, want 100", all)
	}
	cancel()
	for range all {
		<-s.Ready
		s.Take()
	}
	<-s.Idle()
	s.Close()
}

// TestRoomAfterBurst: what is over and waits to be taken does not keep the set from
// seeing that others have become old.
func TestRoomAfterBurst(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	const sessions = 1
	s := New[int](ctx, 100, sessions, func() {})
	quiet, far := silent(t), time.Now().Add(time.Hour)
	for n := range ahead*sessions + 4 {
		if err := s.Add(begin(t, quiet), n, far, errLate); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(begin(t, l.Addr().(*net.TCPAddr).AddrPort()), 0, far, errLate); err != nil {
		t.Fatal(err)
	}
	<-s.Ready
	if r := s.Take(); r.Conn == nil {
		t.Errorf("got %v", r.Err)
	} else {
		_ = r.Conn.Close()
	}
	for !s.HasRoom() {
		<-s.More
	}
	cancel()
	for range ahead*sessions + 4 {
		<-s.Ready
		s.Take()
	}
	<-s.Idle()
	s.Close()
}
