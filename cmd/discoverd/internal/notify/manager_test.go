package notify

import (
	"context"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// systemd is a fake service manager: it keeps what it is sent.
type systemd struct {
	mu  sync.Mutex // guards got
	got []string
}

func (s *systemd) send(state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, state)
	return nil
}

func (s *systemd) count(state string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.got {
		if g == state {
			n++
		}
	}
	return n
}

// TestWatchdog: the sign of life is sent while the scheduler moves, and stops with it.
func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s systemd
		m := &Manager{pulse: new(Pulse), watchdog: 10 * time.Second, send: s.send}
		ctx, cancel := context.WithCancel(t.Context())
		go m.Run(ctx, func() string { return "" })
		time.Sleep(time.Minute + time.Second)
		if n := s.count("WATCHDOG=1"); n != 0 {
			t.Errorf("before the scheduler moved: got %d WATCHDOG=1, want none", n)
		}
		for range 10 {
			m.pulse.Beat(15 * time.Second)
			time.Sleep(10 * time.Second)
		}
		synctest.Wait()
		moving := s.count("WATCHDOG=1")
		if moving < 18 || moving > 21 {
			t.Errorf("over 100 s: got %d WATCHDOG=1, want one each 5 s", moving)
		}
		time.Sleep(10 * time.Second) // the last promise is over
		synctest.Wait()
		moving = s.count("WATCHDOG=1")
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := s.count("WATCHDOG=1"); n != moving {
			t.Errorf("the scheduler stalled: got %d WATCHDOG=1 more, want none", n-moving)
		}
		m.pulse.Beat(15 * time.Second)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := s.count("WATCHDOG=1"); n == moving {
			t.Error("the scheduler moves again: got no WATCHDOG=1")
		}
		cancel()
		synctest.Wait()
	})
}

// TestNoWatchdog: a service manager that wants no sign of life gets none, but the status.
func TestNoWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s systemd
		m := &Manager{pulse: new(Pulse), send: s.send}
		m.pulse.Beat(time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		var status atomic.Value
		status.Store("1 of 2 portals up")
		go m.Run(ctx, func() string { return status.Load().(string) })
		time.Sleep(time.Minute)
		synctest.Wait()
		status.Store("2 of 2 portals up")
		time.Sleep(time.Minute)
		synctest.Wait()
		cancel()
		synctest.Wait()
		if want := []string{"STATUS=1 of 2 portals up", "STATUS=2 of 2 portals up"}; !slices.Equal(s.got, want) {
			t.Errorf("got %q, want %q", s.got, want)
		}
	})
}

// TestStatusIsOneLine: no text makes a message of two fields, or breaks a terminal.
func TestStatusIsOneLine(t *testing.T) {
	for _, hostile := range []string{"a\nMAINPID=1", "a\rb", "\x1b[31m", "\u202eb", strings.Repeat("ü", 300), "\xff"} {
		got := oneLine(hostile)
		if strings.ContainsAny(got, "\n\r\x1b\u202e") || len(got) > maxStatus || strings.ToValidUTF8(got, "") != got {
			t.Errorf("of %q got %q", hostile, got)
		}
	}
}

func TestStatus(t *testing.T) {
	next := time.Date(2026, 11, 29, 14, 2, 11, 0, time.UTC)
	for _, tt := range []struct {
		up, all int
		next    time.Time
		want    string
	}{
		{10, 12, next, "10 of 12 portals up; next at 14:02:11"},
		{0, 1, time.Time{}, "0 of 1 portals up"},
		{0, 0, time.Time{}, "the registry has no portals"},
	} {
		if got := Status(tt.up, tt.all, tt.next); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestSocket: what reaches the socket that the environment names.
func TestSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no unixgram sockets")
	}
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func() string {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "60000000")
	pulse := new(Pulse)
	m, err := NewManager(pulse)
	if err != nil {
		t.Fatal(err)
	}
	if m.watchdog != time.Minute {
		t.Errorf("watchdog: got %v, want 1m", m.watchdog)
	}
	if err := m.Ready(); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "READY=1" {
		t.Errorf("got %q, want READY=1", got)
	}
	reloaded := false
	if err := m.Reload(func() {
		reloaded = true
		if got := read(); !strings.HasPrefix(got, "RELOADING=1\n") || runtime.GOOS == "linux" && !strings.Contains(got, "\nMONOTONIC_USEC=") {
			t.Errorf("got %q, want RELOADING=1 with the time", got)
		}
	}); err != nil || !reloaded {
		t.Errorf("reloaded: %t, error %v", reloaded, err)
	}
	if got := read(); got != "READY=1" {
		t.Errorf("after the reload: got %q, want READY=1", got)
	}
	pulse.Beat(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { m.Run(ctx, func() string { return "1 of 1 portals up" }); close(done) }()
	if got := read(); got != "WATCHDOG=1" {
		t.Errorf("got %q, want WATCHDOG=1", got)
	}
	if got := read(); got != "STATUS=1 of 1 portals up" {
		t.Errorf("got %q, want the status", got)
	}
	cancel()
	<-done
	m.Stopping()
	if got := read(); got != "STOPPING=1" {
		t.Errorf("got %q, want STOPPING=1", got)
	}
}

// TestNoManager: without a service manager nothing is sent, and nothing fails.
func TestNoManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	m, err := NewManager(new(Pulse))
	if err != nil {
		t.Fatal(err)
	}
	ran := false
	if err := m.Reload(func() { ran = true }); err != nil || !ran {
		t.Errorf("ran: %t, error %v", ran, err)
	}
}

// TestSocketIsGone: the reload runs all the same, and the error says what cannot be told.
func TestSocketIsGone(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	m, err := NewManager(new(Pulse))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Ready(); err == nil || !strings.Contains(err.Error(), "ready") {
		t.Errorf("got %v, want an error that says what could not be told", err)
	}
	ran := false
	if err := m.Reload(func() { ran = true }); err == nil || !ran {
		t.Errorf("ran: %t, error %v", ran, err)
	}
}

func TestWatchdogOfNonsense(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "soon")
	if _, err := NewManager(new(Pulse)); err == nil {
		t.Error("got no error")
	}
}

// TestHangingAttempts: where attempts are overdue and none ends, the scheduler does not
// move, though the list of portals is read on; slow ones, and none that is due, are no
// reason.
func TestHangingAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var next time.Time
		p := &Pulse{Next: func() time.Time { return next }, Grace: time.Minute}
		moves := func(want bool, why string) {
			t.Helper()
			if p.Beat(time.Minute); p.Moves() != want {
				t.Errorf("%s: got %t", why, !want)
			}
		}
		moves(true, "there are no portals")
		next = time.Now().Add(time.Hour)
		moves(true, "the next attempt is in an hour")
		time.Sleep(time.Hour + 59*time.Second)
		moves(true, "it takes its time")
		time.Sleep(2 * time.Second)
		moves(false, "it hangs")
		p.Attempted()
		moves(true, "another has ended: all are late")
		time.Sleep(time.Minute + time.Second)
		moves(false, "no further one ends")
		next = time.Now().Add(time.Minute)
		moves(true, "it has ended, and the next is in a minute")
	})
}
