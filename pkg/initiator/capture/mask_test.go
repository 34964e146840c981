package capture

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// login returns the bytes of login responses that hold text, cut after each of
// the offsets.
func login(t testing.TB, text string, cuts ...int) []byte {
	t.Helper()
	var b []byte
	begin := 0
	for _, end := range append(cuts, len(text)) {
		m := pdu.LoginResponse{Continue: end < len(text), Data: pdu.Text(text[begin:end])}
		var err error
		if b, err = m.AppendBinary(b); err != nil {
			t.Fatal(err)
		}
		begin = end
	}
	return b
}

// TestMask: however a login is cut into PDUs and reads, the response of CHAP does
// not get through, all else does, and nothing changes its length.
func TestMask(t *testing.T) {
	t.Parallel()
	const secret = "0x0123456789abcdef"
	const text = "CHAP_N=tgt\x00CHAP_R=" + secret + "\x00CHAP_I=7\x00"
	after, err := (&pdu.TextResponse{Final: true, Data: pdu.Text("CHAP_R=a target's name\x00")}).AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(text); cut++ {
		stream := append(login(t, text, cut), after...)
		for _, size := range []int{1, 7, 48, len(stream)} {
			var m masker
			got := feed(&m, stream[:len(stream)-len(after)], size)
			m.done = true // we sent a request that is no login
			got = append(got, feed(&m, after, size)...)
			if len(got) != len(stream) {
				t.Fatalf("cut %d, reads of %d: %d bytes, want %d", cut, size, len(got), len(stream))
			}
			if bytes.Contains(got, []byte("89abcdef")) || bytes.Contains(got, []byte("0x0123")) {
				t.Errorf("cut %d, reads of %d: the response got through: %q", cut, size, got)
			}
			if !bytes.HasSuffix(got, after) {
				t.Errorf("cut %d, reads of %d: what follows the login was changed", cut, size)
			}
		}
	}
}

// feed passes b on in pieces of a size.
func feed(m *masker, b []byte, size int) (got []byte) {
	for len(b) > 0 {
		n := min(size, len(b))
		got = append(got, m.add(b[:n])...)
		b = b[n:]
	}
	return got
}

// TestMaskUnfinished: what a target cuts off is not shown.
func TestMaskUnfinished(t *testing.T) {
	t.Parallel()
	whole := login(t, "CHAP_R=0x0123456789abcdef\x00")
	for n := range whole {
		var m masker
		got := m.add(whole[:n])
		if len(got) != n || strings.Contains(string(got), "0123") {
			t.Errorf("%d bytes: %q", n, got)
		}
	}
}

// FuzzMask: of any bytes, cut anywhere, each stays or is overwritten, whatever the
// cut, and no response of CHAP is left in a login.
func FuzzMask(f *testing.F) {
	f.Add([]byte("\x23"), 1)
	const text = "AuthMethod=CHAP\x00CHAP_N=tgt\x00CHAP_R=0x0123456789abcdef\x00CHAP_I=7\x00"
	for _, cut := range []int{0, 20, 30, 33, 40, len(text)} {
		f.Add(login(f, text, cut), cut)
		f.Add(login(f, text, cut, cut), 48+cut)
	}
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole := masked(b, len(b))
		at := 0
		if len(b) > 0 {
			at = int(uint(cut) % uint(len(b)))
		}
		if pieces := masked(b, at); !bytes.Equal(pieces, whole) {
			t.Errorf("cut at %d: %q, whole: %q", at, pieces, whole)
		}
		if len(whole) != len(b) {
			t.Fatalf("%d bytes, want %d", len(whole), len(b))
		}
		for i := range b {
			if whole[i] != b[i] && whole[i] != '*' {
				t.Fatalf("byte %d became %q", i, whole[i])
			}
		}
		for pair := range bytes.SplitSeq(loginText(whole), []byte{0}) {
			if value, ok := bytes.CutPrefix(pair, []byte("CHAP_R=")); ok && len(bytes.Trim(value, "*")) > 0 {
				t.Errorf("a response is left: %q", pair)
			}
		}
	})
}

// masked returns what becomes of b where it comes in two pieces.
func masked(b []byte, cut int) []byte {
	var m masker
	return append(m.add(b[:cut]), m.add(b[cut:])...)
}

// loginText joins the text of the login that b begins with.
func loginText(b []byte) (text []byte) {
	r := pdu.NewReader(bytes.NewReader(b))
	for {
		in, err := r.ReadPDU()
		if err != nil {
			return text
		}
		switch m := in.(type) {
		case *pdu.LoginRequest:
			text = append(text, m.Data...)
		case *pdu.LoginResponse:
			text = append(text, m.Data...)
			if m.Status == pdu.StatusSuccess && m.Transit && m.NSG == pdu.FullFeaturePhase {
				return text
			}
		default:
			return text
		}
	}
}
