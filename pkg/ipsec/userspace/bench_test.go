package userspace

import (
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// answerLen is how many bytes the answer of a portal with 100,000 targets has.
const answerLen = 7_700_000

// BenchmarkAnswer takes a long answer over ESP from a peer in this process, which has the
// same work to do, and beside it, in turn, over plain TCP on the loopback, and as packets
// that are sealed and opened and sent nowhere. The ratios are of medians of the same run.
func BenchmarkAnswer(b *testing.B) {
	for _, proposal := range []string{"aes256gcm16", "aes256-sha256", "aes128-sha1", "3des-sha1"} {
		b.Run(proposal, func(b *testing.B) { benchAnswer(b, proposal) })
	}
}

func benchAnswer(b *testing.B, proposal string) {
	w := serveAnswers(b)
	s := request(b, ipsec.FlagMain|ipsec.FlagTransport, 0)
	s.Proposals = "esp:" + proposal
	d, err := w.e.Dialer(b.Context(), s)
	if err != nil {
		b.Fatal(err)
	}
	protected, err := d.DialContext(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	plain := dialPlain(b, answer)
	packets, floor := newFloor(b, d.(*dialer).child.pairs[0].suite)
	var ours, theirs, least []time.Duration
	var mallocs uint64
	takeAnswer(b, protected) // which finds how fast the way is
	takeAnswer(b, plain)
	for b.Loop() {
		before := allocations()
		ours = append(ours, timed(func() { takeAnswer(b, protected) }))
		mallocs += allocations() - before
		theirs = append(theirs, timed(func() { takeAnswer(b, plain) }))
		least = append(least, timed(floor))
	}
	report(b, "ms", middle(ours), time.Millisecond)
	report(b, "ms-plain", middle(theirs), time.Millisecond)
	report(b, "ms-floor", middle(least), time.Millisecond)
	b.ReportMetric(float64(middle(ours))/float64(middle(theirs)), "x-plain")
	b.ReportMetric(float64(middle(ours))/float64(middle(least)), "x-floor")
	b.ReportMetric(float64(mallocs)/float64(len(ours)*packets), "allocs/packet-both-ends")
}

// BenchmarkReceive takes packets from a peer that costs nothing but their sealing: what is
// left is the way from the socket to Read, and the acknowledgements.
func BenchmarkReceive(b *testing.B) {
	nc, buf := connectGenerator(b), make([]byte, generated)
	b.SetBytes(generated)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.ReadFull(nc, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstByte takes the time until the first byte has come back, from nothing: IKE
// with a peer in this process, ESP, TCP. Beside it, in turn, plain TCP on the loopback.
func BenchmarkFirstByte(b *testing.B) {
	for _, tt := range []struct {
		name    string
		flags   ipsec.Flags
		version ipsec.IKEVersion
	}{
		{"v1 main", ipsec.FlagMain, ipsec.IKEv1},
		{"v1 main PFS", ipsec.FlagMain | ipsec.FlagPFS, ipsec.IKEv1},
		{"v1 aggressive", ipsec.FlagAggressive, ipsec.IKEv1},
		{"v2", 0, ipsec.IKEv2},
		{"v2 PFS", ipsec.FlagPFS, ipsec.IKEv2},
	} {
		b.Run(tt.name, func(b *testing.B) {
			s := request(b, tt.flags|ipsec.FlagTransport, tt.version)
			w := newWorld(b, nil)
			if tt.version == ipsec.IKEv2 {
				w = newWorld2(b, source4, portal4, func(c *iketest.V2Config) {
					if s.Plan.PFS {
						c.ESP[0].Group = c.Suites[0].Group
					}
				})
			}
			address := listenPlain(b, echo)
			var ours, theirs []time.Duration
			for b.Loop() {
				ours = append(ours, firstByte(b, w, s))
				theirs = append(theirs, timed(func() {
					nc := dialAddress(b, address)
					echoByte(b, nc)
					_ = nc.Close()
				}))
			}
			report(b, "ms", middle(ours), time.Millisecond)
			report(b, "ms-plain", middle(theirs), time.Millisecond)
			b.ReportMetric(float64(middle(ours))/float64(middle(theirs)), "x-plain")
		})
	}
}

// firstByte returns how long a new connection takes to its first byte. What its end takes
// is not part of it.
func firstByte(b *testing.B, w *world, s enforce.Request) time.Duration {
	begin := time.Now()
	d, err := w.e.Dialer(b.Context(), s)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	nc, err := d.DialContext(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	echoByte(b, nc)
	return time.Since(begin)
}

func echoByte(b *testing.B, nc net.Conn) {
	one := []byte{1}
	if _, err := nc.Write(one); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(nc, one); err != nil {
		b.Fatal(err)
	}
}

// answer is a server that sends an answer for each byte that comes.
func answer(nc net.Conn) {
	text, one := make([]byte, answerLen), make([]byte, 1)
	for {
		if _, err := io.ReadFull(nc, one); err != nil {
			return
		}
		if _, err := nc.Write(text); err != nil {
			return
		}
	}
}

// takeAnswer asks for an answer, and reads it as a session does.
func takeAnswer(b *testing.B, nc net.Conn) {
	if _, err := nc.Write([]byte{1}); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	for left := answerLen; left > 0; {
		n, err := nc.Read(buf[:min(len(buf), left)])
		if err != nil {
			b.Fatal(err)
		}
		left -= n
	}
}

// serveAnswers returns a world whose peer sends answers.
func serveAnswers(b *testing.B) *world {
	v1 := iketest.NewV1(iketest.V1Config{Addr: portal4.Addr(), Initiator: source4, PSK: testKey})
	w := &world{host: newPeerHost(v1, portal4), v1: v1}
	w.e = &Enforcer{listen: w.host.listenKernel}
	w.host.serve(b, answer)
	return w
}

func dialPlain(b *testing.B, serve func(net.Conn)) net.Conn {
	nc := dialAddress(b, listenPlain(b, serve))
	b.Cleanup(func() { _ = nc.Close() })
	return nc
}

func dialAddress(b *testing.B, address string) net.Conn {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return nc
}

// listenPlain has a server use the connections to an address of the loopback.
func listenPlain(b *testing.B, serve func(net.Conn)) (address string) {
	l, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(source4, 0)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				serve(nc)
			}()
		}
	}()
	return l.Addr().String()
}

func timed(f func()) time.Duration {
	begin := time.Now()
	f()
	return time.Since(begin)
}

func middle(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func report(b *testing.B, unit string, d, of time.Duration) {
	b.ReportMetric(float64(d)/float64(of), unit)
}

func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}
