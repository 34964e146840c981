package initiator_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A canned connection yields bytes whatever is asked, a few at a time.
type canned struct {
	net.Conn
	bytes  []byte
	size   int // of one read; 0: as many as fit
	reads  int
	writes int
}

func (c *canned) Read(b []byte) (int, error) {
	c.reads++
	if len(c.bytes) == 0 {
		return 0, io.EOF
	}
	if c.size > 0 {
		b = b[:min(len(b), c.size)]
	}
	n := copy(b, c.bytes)
	c.bytes = c.bytes[n:]
	return n, nil
}

func (c *canned) Write(b []byte) (int, error) {
	c.writes++
	return len(b), nil
}

func (c *canned) Close() error { return nil }

func (c *canned) SetDeadline(time.Time) error { return nil }

func (c *canned) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 254)} }

// FuzzDiscover lets a target send any bytes at all. It must not make us panic,
// go on for ever, buy more memory than it sends bytes for, nor report what is
// not fit to be seen.
func FuzzDiscover(f *testing.F) {
	for mode := range byte(4) {
		f.Add(mode, conversation(f, mode))
		f.Add(mode|0xc0, conversation(f, mode)[:200])
	}
	f.Add(byte(0), []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
	f.Add(byte(8), []byte("SSH-2.0-OpenSSH_10.0\r\n"))
	f.Fuzz(func(t *testing.T, mode byte, b []byte) {
		nc := &canned{bytes: b, size: int(mode >> 2)}
		d := scene.NewDiscoverer()
		d.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) { return nc, nil }
		d.Redirect = login.RedirectNone
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := d.Discover(t.Context(), asked(mode))
		runtime.ReadMemStats(&after)
		scene.JudgeResult(t, r)
		if err != nil {
			scene.JudgeLine(t, err.Error())
			if initiator.Code(err) == isdsc.Success {
				t.Errorf("no code for %v", err)
			}
		}
		if nc.writes > len(b)/pdu.HeaderLen+4 || nc.reads > len(b)+4 {
			t.Errorf("%d reads and %d writes for %d bytes", nc.reads, nc.writes, len(b))
		}
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(256<<10+200*len(b)); got > most {
			t.Errorf("%d bytes of memory for %d of the target's", got, len(b))
		}
	})
}

// asked is what the bits of mode ask for: the two lower ones CHAP and digests, and
// of CHAP the two upper ones a list that may be tried twice, and its policy.
func asked(mode byte) initiator.SendTargetPortal {
	p := scene.At(netip.MustParseAddrPort(scene.Where))
	if mode&1 != 0 {
		p = scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret)
		p.Login.CHAPAlgorithms = []auth.Algorithm{auth.MD5}
		if mode&0x40 != 0 {
			p.Login.CHAPAlgorithms = nil
		}
		if mode&0x80 != 0 {
			p.Login.CHAPPolicy = login.CHAPPreferred
		}
	}
	if mode&2 != 0 {
		p.Login.Specified |= login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
		p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestCRC32C
	}
	return p
}

// conversation is what an honest target says to that.
func conversation(tb testing.TB, mode byte) []byte {
	var b bytes.Buffer
	w := pdu.NewWriter(&b)
	statSN := uint32(0)
	say := func(p pdu.PDU) {
		if err := w.WritePDU(p); err != nil {
			tb.Fatal(err)
		}
		statSN++
	}
	if mode&1 != 0 {
		say(&pdu.LoginResponse{ITT: 1, StatSN: statSN, Data: iscsitest.Text("AuthMethod=CHAP")})
		say(&pdu.LoginResponse{ITT: 1, StatSN: statSN, Data: iscsitest.Text("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x0011223344556677")})
		say(&pdu.LoginResponse{ITT: 1, StatSN: statSN, Transit: true, NSG: pdu.LoginOperationalNegotiation})
	}
	keys := iscsitest.Text("HeaderDigest=None", "DataDigest=None", "MaxRecvDataSegmentLength=8192")
	if mode&2 != 0 {
		keys = iscsitest.Text("HeaderDigest=CRC32C", "DataDigest=CRC32C", "MaxRecvDataSegmentLength=8192")
	}
	say(&pdu.LoginResponse{ITT: 1, StatSN: statSN, Transit: true, CSG: 1, NSG: 3, TSIH: 1, Data: keys})
	w.HeaderDigest, w.DataDigest = mode&2 != 0, mode&2 != 0
	say(&pdu.TextResponse{ITT: 2, TTT: 1, StatSN: statSN, Continue: true, Data: iscsitest.Text("TargetName=iqn.2026-11.com.example:a", "TargetAddress=192.0.2.1:3260,1")})
	if err := w.WritePDU(&pdu.NOPIn{ITT: pdu.NoTag, TTT: 5, StatSN: statSN}); err != nil {
		tb.Fatal(err)
	}
	say(&pdu.TextResponse{ITT: 2, TTT: pdu.NoTag, StatSN: statSN, Final: true, Data: iscsitest.Text("TargetName=eui.02004567A425678D")})
	say(&pdu.LogoutResponse{ITT: 3, StatSN: statSN})
	return b.Bytes()
}

// TestConversation: the seeds of FuzzDiscover are whole discoveries.
func TestConversation(t *testing.T) {
	t.Parallel()
	for mode := range byte(8) {
		d := scene.NewDiscoverer()
		d.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
			return &canned{bytes: conversation(t, mode), size: int(mode >> 2)}, nil
		}
		r, err := d.Discover(t.Context(), asked(mode))
		if err != nil || len(r.Targets) != 2 {
			t.Errorf("mode %d: %d targets, %v", mode, len(r.Targets), err)
		}
	}
}
