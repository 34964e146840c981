package esp

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"testing"

	"github.com/go-iscsi/discovery/internal/ike"
)

// TestWindow: what is taken, and what is not, in the order of the rows.
func TestWindow(t *testing.T) {
	t.Parallel()
	var w window
	for i, tt := range []struct {
		seq   uint64
		fresh bool
	}{
		{0, false},
		{1, true}, {1, false}, {3, true}, {2, true}, {2, false}, {3, false},
		{1024, true}, {1, false}, {4, true}, {1023, true},
		{1027, true}, {3, false}, {4, false}, {5, true}, {1025, true}, {1025, false},
		{5000, true}, {5000 - 1023, true}, {5000 - 1024, false}, {1027, false}, {4999, true}, {4999, false},
		{5000 + 64*windowWords, true}, {5000 + 64*windowWords - 1, true}, {5000 + 64, false}, {5000 + 65, true}, {5000 + 64*windowWords, false},
		{math.MaxUint64 - 1, true}, {math.MaxUint64, true}, {math.MaxUint64, false}, {math.MaxUint64 - 1023, true}, {math.MaxUint64 - 1024, false},
	} {
		if got := w.fresh(tt.seq); got != tt.fresh {
			t.Fatalf("row %d, %d after %d: got %t, want %t", i, tt.seq, w.top, got, tt.fresh)
		}
		if tt.fresh {
			w.note(tt.seq)
		}
	}
}

// TestWindowModel: as a map of all that came says, for numbers in disorder.
func TestWindowModel(t *testing.T) {
	t.Parallel()
	r := mathrand.New(mathrand.NewPCG(1, 2))
	var w window
	seen := map[uint64]bool{}
	for i := range 200_000 {
		step := 3000 // within the window, below it, and above it
		if i%1000 == 0 {
			step = 10_000
		}
		seq := uint64(max(0, int64(w.top)+int64(r.IntN(step))-2000))
		want := seq > 0 && !seen[seq] && seq+windowLen > w.top
		if i%3 == 0 && want {
			continue // lost
		}
		if got := w.fresh(seq); got != want {
			t.Fatalf("%d after %d: got %t, want %t", seq, w.top, got, want)
		}
		if want {
			w.note(seq)
			seen[seq] = true
		}
	}
}

// TestSequence (RFC 4303, appendix A2.2): the upper half that goes with a lower half.
func TestSequence(t *testing.T) {
	t.Parallel()
	const turn = 1 << 32
	for _, tt := range []struct {
		name string
		top  uint64
		low  uint32
		want uint64 // 0: none
	}{
		{"first", 0, 1, 1},
		{"before the first", 0, turn - 1, 0},
		{"window begins before the first", 100, turn - 900, 0},
		{"in the window", 5000, 4000, 4000},
		{"first of the window", 5000, 5000 - 1023, 5000 - 1023},
		{"before the window: the next turn", 5000, 5000 - 1024, turn + 5000 - 1024},
		{"last of a turn", turn - 10, turn - 1, turn - 1},
		{"first of the next turn", turn - 10, 0, turn},
		{"late, of the turn before", turn + 5, turn - 1000, turn - 1000},
		{"before the window that spans turns", turn + 5, turn - 1100, 2*turn - 1100},
		{"window begins with the turn", turn + 1023, turn - 1, 2*turn - 1},
		{"window begins one before the turn", turn + 1022, turn - 1, turn - 1},
		{"of this turn", 7*turn + 5, 6, 7*turn + 6},
		{"last of all", math.MaxUint64 - 5, turn - 1, math.MaxUint64},
		{"after the last of all", math.MaxUint64 - 5, 3, 0},
	} {
		w := window{top: tt.top}
		got, ok := w.sequence(tt.low, true)
		if ok != (tt.want != 0) || ok && got != tt.want {
			t.Errorf("%s: got %#x, %t, want %#x", tt.name, got, ok, tt.want)
		}
		if got, ok := w.sequence(tt.low, false); !ok || got != uint64(tt.low) {
			t.Errorf("%s, not extended: got %#x, %t, want %#x", tt.name, got, ok, tt.low)
		}
	}
}

// TestExhausted: the last sequence number is used, and none after it.
func TestExhausted(t *testing.T) {
	t.Parallel()
	for esn, last := range map[bool]uint64{false: math.MaxUint32, true: math.MaxUint64} {
		sealer, opener := newPair(t, ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 256, ESN: esn})
		sealer.last, opener.window.top = last-1, last-1
		packet, err := sealer.Seal(nil, []byte("last"), NextTCP)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := opener.Open(packet); err != nil {
			t.Errorf("ESN %t: got %v, want the last packet", esn, err)
		}
		if got, err := sealer.Seal([]byte("x"), []byte("more"), NextTCP); !errors.Is(err, ErrExhausted) || string(got) != "x" {
			t.Errorf("ESN %t: got %q, %v, want ErrExhausted", esn, got, err)
		}
	}
}

// TestTurn: packets in disorder over the turn of the lower half of an extended sequence
// number all arrive, once.
func TestTurn(t *testing.T) {
	t.Parallel()
	for _, s := range []ike.ESPSuite{
		{Encryption: ike.AESGCM16, Bits: 128, ESN: true},
		{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA256), ESN: true},
	} {
		sealer, opener := newPair(t, s)
		sealer.last, opener.window.top = 1<<32-50, 1<<32-50
		var packets [][]byte
		for i := range 100 {
			packet, err := sealer.Seal(nil, fmt.Append(nil, i), NextTCP)
			if err != nil {
				t.Fatal(err)
			}
			packets = append(packets, packet)
		}
		mathrand.New(mathrand.NewPCG(3, 4)).Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
		for i, p := range packets {
			if _, _, err := opener.Open(bytes.Clone(p)); err != nil {
				t.Errorf("%s, packet %d: got %v", s, i, err)
			}
			if _, _, err := opener.Open(p); reason(t, err) != Replayed {
				t.Errorf("%s, packet %d again: got %v, want it replayed", s, i, err)
			}
		}
	}
}

// TestPadding: authenticated packets with padding that breaks the rules are dropped.
func TestPadding(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want Reason
	}{
		"none":                   {"abcdef\x00\x06", 0},
		"right":                  {"abcd\x01\x02\x02\x06", 0},
		"all":                    {"\x01\x02\x03\x04\x05\x06\x06\x06", 0},
		"for traffic flow":       {"ab\x00\x00\x01\x02\x02\x04", 0},
		"zeros":                  {"abcd\x00\x00\x02\x06", Padding},
		"begins with 2":          {"abcd\x02\x03\x02\x06", Padding},
		"longer than the packet": {"\x01\x02\x03\x04\x05\x06\x07\x06", Padding},
		"255":                    {"abcdef\xff\x06", Padding},
	} {
		_, opener := newPair(t, ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 128})
		sealer, _ := newPair(t, ike.ESPSuite{Encryption: ike.AESGCM16, Bits: 128})
		packet := append([]byte{0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8}, tt.text...)
		packet = append(packet, make([]byte, ike.AEADTagLen)...)
		sealer.transform.seal(packet, 1)
		_, _, err := opener.Open(packet)
		if got := reason(t, err); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// TestRandom: the initialization vectors of CBC are what the source says, each used once,
// and a source that fails ends the sealing without using a number up.
func TestRandom(t *testing.T) {
	t.Parallel()
	s := ike.ESPSuite{Encryption: ike.AESCBC, Bits: 128, Integrity: ike.Integrity(ike.SHA1)}
	source := make([]byte, 3*16)
	_, _ = rand.Read(source)
	sealer, err := NewSealer(Config{SPI: testSPI, Suite: s, Key: ike.NewSecret(make([]byte, s.KeyLen()))}, bytes.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		packet, err := sealer.Seal(nil, []byte("text"), NextTCP)
		if err != nil || !bytes.Equal(packet[8:24], source[16*i:16*i+16]) {
			t.Errorf("packet %d: got %x, %v", i, packet, err)
		}
	}
	if got, err := sealer.Seal([]byte("x"), []byte("text"), NextTCP); err == nil || string(got) != "x" || sealer.Packets() != 3 {
		t.Errorf("without randomness: got %x, %v, %d packets", got, err, sealer.Packets())
	}
}
