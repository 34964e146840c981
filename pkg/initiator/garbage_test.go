package initiator_test

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestForeignServer: another protocol is told from the bytes, and at once.
func TestForeignServer(t *testing.T) {
	t.Parallel()
	const long = " and so on, until there is more of it than a header takes\r\n"
	tests := []struct {
		name, banner string
		close        bool // behind it
		want         scene.Outcome
	}{
		{name: "HTTP", banner: "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain" + long, want: scene.Outcome{Code: isdsc.LoginFailed, Text: "answers like an HTTP server"}},
		{name: "short HTTP, closed", banner: "HTTP/1.0 400 Bad\r\n\r\n", close: true, want: scene.Outcome{Code: isdsc.TransportError, Text: "answers like an HTTP server", Retry: true}},
		{name: "short HTTP", banner: "HTTP/1.0 400 Bad\r\n\r\n", want: scene.Outcome{Code: isdsc.TransportError, Text: "answers like an HTTP server", Retry: true}},
		{name: "SSH", banner: "SSH-2.0-OpenSSH_10.0\r\n", want: scene.Outcome{Code: isdsc.TransportError, Text: "answers like an SSH server", Retry: true}},
		{name: "long SSH", banner: "SSH-2.0-OpenSSH_10.0" + long, want: scene.Outcome{Code: isdsc.LoginFailed, Text: "answers like an SSH server"}},
		{name: "TLS alert", banner: "\x15\x03\x01\x00\x02\x02\x46", close: true, want: scene.Outcome{Code: isdsc.TransportError, Text: "answers like a TLS server", Retry: true}},
		{name: "SMTP", banner: "220 mail.example ESMTP" + long + long, want: scene.Outcome{Code: isdsc.TransportError, Text: "answers like an FTP or SMTP server"}},
		{name: "zeros", banner: strings.Repeat("\x00", 4096), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "NOP-Out breaks the protocol: it came during login"}},
		{name: "ones", banner: strings.Repeat("\xff", 4096), want: scene.Outcome{Code: isdsc.TransportError, Text: "exceeds the limit of 8192"}},
		{name: "escape sequences", banner: strings.Repeat("\x1b[2J\x1b]0;title\x07\n", 20), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "not a PDU of a discovery session"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				after := iscsitest.Silence()
				if tt.close {
					after = iscsitest.Close()
				}
				speak := iscsitest.UntilGone(func(c *iscsitest.Conn) error {
					if err := c.Write([]byte(tt.banner)); err != nil {
						return err
					}
					return after(c)
				})
				script := iscsitest.Script{iscsitest.Expect(&pdu.LoginRequest{Transit: true, CSG: 1, NSG: 3}), speak}
				r, _ := discover(t, d, scene.Portal(n, scene.Where, script))
				want := tt.want
				want.Stage = initiator.StageLogin
				scene.Judge(t, r.Err, want)
				_, foreign, _ := strings.Cut(tt.want.Text, "answers like ")
				if e := (*initiator.Error)(nil); !errors.As(r.Err, &e) || e.Foreign != foreign {
					t.Errorf("got %+v, want %q as what listens there", r.Err, foreign)
				}
			})
		})
	}
}

// TestSpeaksFirst: a server with a greeting does not wait for our request. Over
// a socket, both are under way at once.
func TestSpeaksFirst(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, iscsitest.Script{
		func(c *iscsitest.Conn) error { return c.Write([]byte("SSH-2.0-OpenSSH_10.0\r\n")) },
		iscsitest.Silence(),
	})
	d := scene.NewDiscoverer()
	d.Timeout = 2 * time.Second
	r, _ := discover(t, d, scene.At(server.Addr))
	scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TransportError, Retry: true, Text: "SSH server"})
}

// TestBadPDU: what a header may not say fails at once, whatever follows or does
// not.
func TestBadPDU(t *testing.T) {
	t.Parallel()
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte {
			copy(b[at:], v)
			return b
		}
	}
	tests := []struct {
		name   string
		at     int // response of full
		change func(b []byte) []byte
		want   scene.Outcome
	}{
		{name: "16 MiB in login", at: 0, change: set(5, 0xff, 0xff, 0xff), want: scene.Outcome{Code: isdsc.TransportError, Text: "data segment of 16777215 bytes exceeds the limit of 8192"}},
		{name: "one byte too many in login", at: 0, change: set(5, 0x00, 0x20, 0x01), want: scene.Outcome{Code: isdsc.TransportError, Text: "data segment of 8193 bytes exceeds the limit of 8192"}},
		{name: "an opcode of an initiator", at: 0, change: set(0, 0x03), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "not immediate"}},
		{name: "an opcode of SCSI", at: 0, change: set(0, 0x21), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "not a PDU of a discovery session"}},
		{name: "the reserved stage", at: 0, change: set(1, 0x08), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "stage 2 is reserved"}},
		{name: "a list instead of a login", at: 0, change: set(0, 0x24), want: scene.Outcome{Code: isdsc.LoginFailed, Text: "Text Response breaks the protocol: it came during login"}},
		{name: "a header digest", at: 4, change: set(20, 0xaa), want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Text: "header digest of Text Response"}},
		{name: "a data digest", at: 4, change: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Text: "data digest of Text Response"}},
		{name: "text under a data digest", at: 4, change: func(b []byte) []byte { b[60] ^= 1; return b }, want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Text: "data digest of Text Response"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				target := full()
				responses := 0
				target.Respond = func(_, response pdu.PDU) iscsitest.Step {
					if responses++; responses != tt.at+1 {
						return nil
					}
					return iscsitest.UntilGone(iscsitest.Steps(iscsitest.Mutate(response, tt.change), iscsitest.Silence()))
				}
				r, took := discover(t, d, withAll(scene.Portal(n, scene.Where, target)))
				want := tt.want
				want.Stage = max(want.Stage, initiator.StageLogin)
				if scene.Judge(t, r.Err, want); took != 0 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// TestHugeClaim: a claim costs nothing; what it is about has to arrive before
// memory is bought for it.
func TestHugeClaim(t *testing.T) {
	claim := func(n int) func(b []byte) []byte {
		return func(b []byte) []byte {
			b[5], b[6], b[7] = byte(n>>16), byte(n>>8), byte(n)
			return b
		}
	}
	for _, tt := range []struct {
		name string
		size int
		want scene.Outcome
	}{
		{name: "16 MiB", size: pdu.MaxDataLen, want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Text: "data segment of 16777215 bytes exceeds the limit of 262144"}},
		{name: "one byte too many", size: 262145, want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Text: "data segment of 262145 bytes exceeds the limit of 262144"}},
		{name: "what we take", size: 262144, want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.TransportError, Retry: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				target := &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
					if _, ok := response.(*pdu.TextResponse); !ok {
						return nil
					}
					return iscsitest.Steps(iscsitest.Mutate(response, claim(tt.size)), iscsitest.Silence())
				}}
				p := scene.Portal(n, scene.Where, target)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r, _ := discover(t, d, p)
				runtime.ReadMemStats(&after)
				scene.Judge(t, r.Err, tt.want)
				if got := after.TotalAlloc - before.TotalAlloc; got > 128<<10 {
					t.Errorf("it cost %d bytes", got)
				}
			})
		})
	}
}

// TestAHS: additional headers, which no response may have, are stepped over.
func TestAHS(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		target := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}
		words := 255
		target.Respond = func(_, response pdu.PDU) iscsitest.Step {
			return iscsitest.Mutate(response, func(b []byte) []byte {
				b[4] = byte(words)
				ahs := bytes.Repeat([]byte{0x23}, 4*words)
				words -= 100
				return append(append(b[:pdu.HeaderLen:pdu.HeaderLen], ahs...), b[pdu.HeaderLen:]...)
			})
		}
		r, _ := discover(t, d, scene.Portal(n, scene.Where, target))
		if scene.Judge(t, r.Err, scene.Outcome{}); len(r.Targets) != 1 {
			t.Errorf("targets %v", r.Targets)
		}
	})
}

// TestPadding: padding may be anything, and is no text.
func TestPadding(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		target := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}
		target.Respond = func(_, response pdu.PDU) iscsitest.Step {
			return iscsitest.Mutate(response, func(b []byte) []byte {
				for i := pdu.HeaderLen + (*pdu.Header)(b).DataLen(); i < len(b); i++ {
					b[i] = 0xff
				}
				return b
			})
		}
		r, _ := discover(t, d, scene.Portal(n, scene.Where, target))
		if scene.Judge(t, r.Err, scene.Outcome{}); len(r.Targets) != 1 {
			t.Errorf("targets %v", r.Targets)
		}
	})
}

// TestTrickle: bytes that come one at a time make a discovery, and do not
// stretch the deadline.
func TestTrickle(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		pause time.Duration
		want  scene.Outcome
	}{
		{name: "a byte a second", pause: time.Second, want: lost(initiator.StageLogin)},
		{name: "a byte in 14 ms", pause: 14 * time.Millisecond, want: lost(initiator.StageDiscover)},
		{name: "a byte in 5 ms", pause: 5 * time.Millisecond},
		{name: "one read, one byte"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, took := discover(t, d, withAll(scene.Portal(n, scene.Where, iscsitest.Slow(tt.pause, full()))))
				scene.Judge(t, r.Err, tt.want)
				if r.Err != nil && took != d.Timeout || r.Err == nil && (len(r.Targets) != 2 || took > d.Timeout) {
					t.Errorf("%d targets after %s", len(r.Targets), took)
				}
				var e *initiator.TimeoutError
				if r.Err != nil && (!errors.As(r.Err, &e) || e.Limit != d.Timeout) {
					t.Errorf("error %v", r.Err)
				}
			})
		})
	}
}
