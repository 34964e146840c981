package netstack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const testMTU = 1280

// TestEcho: a connection in each family, by which more goes than the buffers hold, on a
// wire that drops and delays.
func TestEcho(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		near, far netip.AddrPort
		lose      int // each so many packets one is lost; 0: none
		size      int
	}{
		{"IPv4", near4, far4, 0, 4 << 20},
		{"IPv6", near6, far6, 0, 1 << 20},
		{"IPv4 with loss", near4, far4, 50, 256 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &wire{}
			var n atomic.Int64
			if tt.lose > 0 {
				w.drop = func(bool, []byte) bool { return n.Add(1)%int64(tt.lose) == 0 }
			}
			newFar(t, w, tt.near, tt.far, echo)
			c, err := Dial(t.Context(), end{w, false}, tt.near, tt.far, testMTU)
			if err != nil {
				t.Fatal(err)
			}
			data := bytes.Repeat([]byte("0123456789abcdef"), tt.size/16)
			go func() {
				_, _ = c.Write(data)
				_ = c.tcp.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("got %d bytes, %v; want %d", len(got), err, len(data))
			}
			if c.LocalAddr().String() != tt.near.String() || c.RemoteAddr().String() != tt.far.String() {
				t.Errorf("got ends %s and %s", c.LocalAddr(), c.RemoteAddr())
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, p := range w.sent {
				if len(p) > testMTU {
					t.Fatalf("a packet of %d bytes, want at most %d", len(p), testMTU)
				}
			}
		})
	}
}

// TestErrors: what goes wrong reads as with a connection of the kernel.
func TestErrors(t *testing.T) {
	t.Parallel()
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		w := &wire{}
		newFar(t, w, near4, far4, nil)
		_, err := Dial(t.Context(), end{w, false}, near4, far4, testMTU)
		const want = "dial tcp 192.0.2.1:40000->192.0.2.10:3260: connect: connection refused"
		if !errors.Is(err, syscall.ECONNREFUSED) || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
	t.Run("time over while it connects", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(10*time.Millisecond))
		defer cancel()
		w := &wire{}
		defer w.cut()
		_, err := Dial(ctx, end{w, false}, near4, far4, testMTU)
		var ne net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
			t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
		}
	})
	t.Run("canceled while it connects", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Millisecond, func() { cancel(errLost) })
		w := &wire{}
		defer w.cut()
		if _, err := Dial(ctx, end{w, false}, near4, far4, testMTU); !errors.Is(err, errLost) {
			t.Errorf("got %v, want %v", err, errLost)
		}
	})
	for _, tt := range []struct {
		name string
		do   func(c *Conn)
		want error
	}{
		{"deadline", func(c *Conn) { _ = c.SetDeadline(time.Now().Add(-1)) }, os.ErrDeadlineExceeded},
		{"deadline while it reads", func(c *Conn) { _ = c.SetReadDeadline(time.Now().Add(5 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"closed while it reads", func(c *Conn) { time.AfterFunc(5*time.Millisecond, func() { _ = c.Close() }) }, net.ErrClosed},
		{"ended while it reads", func(c *Conn) { time.AfterFunc(5*time.Millisecond, func() { c.End(errLost) }) }, errLost},
		{"ended, and a new deadline", func(c *Conn) { c.End(errLost); _ = c.SetDeadline(time.Time{}) }, errLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := &wire{}
			newFar(t, w, near4, far4, untilClosed)
			c, err := Dial(t.Context(), end{w, false}, near4, far4, testMTU)
			if err != nil {
				t.Fatal(err)
			}
			tt.do(c)
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			_ = c.Close()
			if err := c.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed twice: got %v, want net.ErrClosed", err)
			}
		})
	}
}

// TestNothingElse: packets of other flows, and those that are no TCP, are answered by
// nothing and change nothing.
func TestNothingElse(t *testing.T) {
	t.Parallel()
	w := &wire{}
	newFar(t, w, near4, far4, echo)
	c, err := Dial(t.Context(), end{w, false}, near4, far4, testMTU)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	echoed := func() int {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.sent)
	}
	before := echoed()
	receive := func(p []byte) { _ = end{w, true}.Send(p) }
	syn := make([]byte, 20)
	syn[12], syn[13] = 5<<4, 2
	for _, f := range []Flow{
		{netip.MustParseAddrPort("192.0.2.10:3261"), near4},
		{netip.MustParseAddrPort("192.0.2.11:3260"), near4},
		{far4, netip.MustParseAddrPort("192.0.2.1:40001")},
		{far4, netip.MustParseAddrPort("192.0.2.2:40000")},
		{far6, near6},
	} {
		s := append([]byte(nil), syn...)
		s[0], s[1], s[2], s[3] = byte(f.From.Port()>>8), byte(f.From.Port()), byte(f.To.Port()>>8), byte(f.To.Port())
		p, ok := f.AppendPacket(nil, s)
		if !ok {
			t.Fatal(f)
		}
		receive(p)
	}
	ping := []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 10, 192, 0, 2, 1, 8, 0, 0xf7, 0xff, 0, 0, 0, 0}
	receive(ping)
	receive(nil)
	if after := echoed(); after-before > 4 { // a segment and an acknowledgement, perhaps twice
		t.Errorf("%d packets were sent, want those of one echo", after-before)
	}
}

// TestNothingStays: a connection that was closed, refused, given up or ended leaves no
// goroutine.
func TestNothingStays(t *testing.T) {
	stays := func() int {
		for range 200 {
			if !strings.Contains(stacks(), "gvisor.dev") {
				return 0
			}
			time.Sleep(5 * time.Millisecond)
		}
		return strings.Count(stacks(), "gvisor.dev")
	}
	t.Run("all", func(t *testing.T) {
		for _, serve := range []func(net.Conn){echo, untilClosed, nil, func(net.Conn) {}} {
			w := &wire{}
			newFar(t, w, near4, far4, serve)
			c, err := Dial(t.Context(), end{w, false}, near4, far4, testMTU)
			if (err != nil) != (serve == nil) {
				t.Fatal(err)
			}
			if c != nil {
				_ = c.Close()
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		w := &wire{}
		defer w.cut()
		if _, err := Dial(ctx, end{w, false}, near4, far4, testMTU); err == nil {
			t.Error("connected to nothing")
		}
	})
	if n := stays(); n > 0 {
		t.Errorf("%d lines of goroutines of the stack stay:\n%s", n, stacks())
	}
}

func stacks() string {
	b := make([]byte, 1<<20)
	return string(b[:runtime.Stack(b, true)])
}
