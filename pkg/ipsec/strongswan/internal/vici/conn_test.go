package vici

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"testing"
)

// pair returns a connection and the daemon's end of it. What one end says waits
// in between, as it does with a real daemon.
func pair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	return &Conn{nc: near, r: bufio.NewReader(near)}, far
}

// script has the daemon answer each packet, in order, with others.
func script(t *testing.T, nc net.Conn, answers ...[]Packet) {
	t.Helper()
	go func() {
		for _, list := range answers {
			if _, err := ReadPacket(nc); err != nil {
				return
			}
			for _, p := range list {
				if WritePacket(nc, p) != nil {
					return
				}
			}
		}
		nc.Close()
	}()
}

func event(name, value string) Packet {
	return Packet{Type: Event, Name: name, Message: Section{Text("v", value)}}
}

var (
	confirm  = Packet{Type: EventConfirm}
	response = Packet{Type: CommandResponse, Message: Section{Text("success", "yes")}}
)

// TestStream: all events up to the answer are handed on, in order, and none
// after it, nor of another name.
func TestStream(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	script(t, daemon,
		[]Packet{confirm, event("x", "1")},
		[]Packet{event("x", "2"), event("y", "no"), event("x", "3"), response, event("x", "late")},
		[]Packet{event("x", "later"), confirm},
		[]Packet{event("x", "much later"), response},
	)
	got := ""
	if _, err := c.Stream(t.Context(), "list", "x", nil, func(s Section) error {
		got += s.Text("v")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got != "123" {
		t.Errorf("events: got %q, want 123", got)
	}
	if _, err := c.Call(t.Context(), "next", nil); err != nil {
		t.Error(err)
	}
}

func TestCallErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		answer Packet
		is     func(error) bool
	}{
		{name: "refused", answer: Packet{Type: CommandResponse, Message: Section{Text("success", "no"), Text("errmsg", "why")}}, is: func(err error) bool {
			var e *FailedError
			return errors.As(err, &e) && e.Reason == "why" && e.Command == "do"
		}},
		{name: "unknown", answer: Packet{Type: CommandUnknown}, is: func(err error) bool { return errors.Is(err, errUnknown) }},
		{name: "not an answer", answer: confirm, is: func(err error) bool {
			var e *FormatError
			return errors.As(err, &e)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, daemon := pair(t)
			script(t, daemon, []Packet{tt.answer})
			if _, err := c.Call(t.Context(), "do", nil); !tt.is(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDaemonGoes(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	script(t, daemon, nil)
	if _, err := c.Call(t.Context(), "do", nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an unexpected end", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	go func() {
		_, _ = ReadPacket(daemon)
		cancel(why)
	}()
	if _, err := c.Call(ctx, "do", nil); !errors.Is(err, why) {
		t.Errorf("got %v, want the cause", err)
	}
}

// TestEachEnds: an error of the receiver is the caller's.
func TestEachEnds(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	script(t, daemon, []Packet{confirm}, []Packet{event("x", "1"), response})
	why := errors.New("why")
	if _, err := c.Stream(t.Context(), "list", "x", nil, func(Section) error { return why }); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// TestUsable: a connection takes another command where the last one ended in
// order, also by a refusal, and where the daemon neither closed it nor said
// anything since.
func TestUsable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("none is used again there")
	}
	refusal := Packet{Type: CommandResponse, Message: Section{Text("success", "no")}}
	for _, tt := range []struct {
		name   string
		answer Packet
		after  func(daemon net.Conn)
		want   bool
	}{
		{name: "answered", answer: response, want: true},
		{name: "refused", answer: refusal, want: true},
		{name: "unknown", answer: Packet{Type: CommandUnknown}},
		{name: "no answer", answer: confirm},
		{name: "closed", answer: response, after: func(daemon net.Conn) { daemon.Close() }},
		{name: "more", answer: response, after: func(daemon net.Conn) { _ = WritePacket(daemon, response) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, daemon := pair(t)
			go func() {
				_, _ = ReadPacket(daemon)
				_ = WritePacket(daemon, tt.answer)
			}()
			_, _ = c.Call(t.Context(), "do", nil)
			if tt.after == nil {
				if got := c.Usable(); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				return
			}
			if !c.Usable() {
				t.Error("it is not usable before")
			}
			tt.after(daemon)
			for c.Usable() { // until it is there
				runtime.Gosched()
			}
		})
	}
}

// TestRefusedStream: events that were on the way when the daemon refused do not
// meet the next command.
func TestRefusedStream(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	refusal := Packet{Type: CommandResponse, Message: Section{Text("success", "no")}}
	script(t, daemon, []Packet{confirm}, []Packet{event("x", "1"), refusal, event("x", "late")}, []Packet{event("x", "later"), confirm}, []Packet{response})
	var refused *FailedError
	if _, err := c.Stream(t.Context(), "list", "x", nil, nil); !errors.As(err, &refused) {
		t.Errorf("got %v, want a refusal", err)
	}
	if _, err := c.Call(t.Context(), "next", nil); err != nil {
		t.Error(err)
	}
}

// TestCancelled: a connection whose context ended is not used again, not even
// where the answer was faster.
func TestCancelled(t *testing.T) {
	t.Parallel()
	c, daemon := pair(t)
	ctx, cancel := context.WithCancel(t.Context())
	script(t, daemon, []Packet{confirm}, []Packet{event("x", "1"), response}, []Packet{confirm})
	_, _ = c.Stream(ctx, "list", "x", nil, func(Section) error {
		cancel()
		return nil
	})
	if c.Usable() {
		t.Error("it is usable")
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	if _, err := Dial(t.Context(), path); err == nil {
		t.Error("connected with nobody")
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestReadPacketRefuses: what the header claims is judged before memory is
// bought.
func TestReadPacketRefuses(t *testing.T) {
	t.Parallel()
	for _, n := range []uint32{0, MaxPacket + 1, 1 << 31} {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Write(binary.BigEndian.AppendUint32(nil, n))
			far.Close()
		}()
		_, err := ReadPacket(near)
		var format *FormatError
		if !errors.As(err, &format) {
			t.Errorf("%d bytes: got %v, want a FormatError", n, err)
		}
		near.Close()
	}
	if err := WritePacket(io.Discard, Packet{Type: CommandRequest, Name: "x", Message: Section{Bytes("v", make([]byte, maxValue)), List("l", make([]string, MaxPacket)...)}}); err == nil {
		t.Error("a packet that is too long was written")
	}
}
