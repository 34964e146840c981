package target

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// afterPlain is what a target sends after an address.
const afterPlain = "\x00" + nameKey + "iqn.2026-11.com.example:disk1\x00"

// judgePlain holds what is read of a value as a plain address against what ParseAddress
// makes of it, and reports whether it is plain.
func judgePlain(t *testing.T, r *addressCache, value string) bool {
	t.Helper()
	var got Address
	size := r.parsePlain(&got, []byte(value+afterPlain))
	value, _, _ = strings.Cut(value, "\x00")
	if size == 0 {
		return false
	}
	want, kind, reason := ParseAddress(value, r.port)
	if reason != "" || kind != ordinaryAddress || got != want || size != len(value)+1 {
		t.Errorf("%q: got %+v of %d bytes, want %+v of kind %d, %q", value, got, size, want, kind, reason)
	}
	return true
}

// FuzzPlainAddress: the quick way to read an address is the general one, whatever was read
// before.
func FuzzPlainAddress(f *testing.F) {
	for _, s := range []string{
		"192.0.2.1:3260,1", "10.0.0.1:860,65535", "192.0.2.01:3260,1", "192.0.2.256:3260,1", "1.2.3.4.5:1,1", "1.2.3:1,1", "127.0.0.1:3260,1", "224.0.0.1:3260,1", "0.0.0.0:3260,1",
		"1.2.3.4:03260,1", "1.2.3.4:65536,1", "1.2.3.4:0,1", "1.2.3.4:3260,65536", "1.2.3.4:3260, 1", "1.2.3.4:3260,-1", "1.2.3.4:3260", "1.2.3.4,1", "1.2.3.4:3260,1,1", "1.2.3.4:3260,1\x002", "",
	} {
		f.Add(s, "10.0.0.1:3260,1")
		f.Add("10.0.0.1:3260,1", s)
	}
	f.Fuzz(func(t *testing.T, before, s string) {
		var r addressCache
		r.reset(3261)
		for _, value := range []string{s, before, s, before} {
			judgePlain(t, &r, value)
		}
	})
}

// TestPlainAddress: all that is usual is plain, up to the last octet, port and tag.
func TestPlainAddress(t *testing.T) {
	t.Parallel()
	var r addressCache
	r.reset(3260)
	for octet := range 1000 {
		for place := range 4 {
			octets := []any{1, 2, 3, 4}
			octets[place] = octet
			value := fmt.Sprintf("%d.%d.%d.%d:3260,1", octets...)
			if want := octet <= 255 && (place > 0 || octet < 224 && octet != 127); judgePlain(t, &r, value) != want {
				t.Errorf("%s: plain %t, want %t", value, !want, want)
			}
			octets[place] = fmt.Sprintf("%03d", octet)
			if value = fmt.Sprintf("%v.%v.%v.%v:3260,1", octets...); judgePlain(t, &r, value) && octet < 100 {
				t.Errorf("%s is plain", value)
			}
		}
	}
	for n := range 1 << 17 {
		for _, format := range []string{"10.0.0.1:%d,1", "10.0.0.1:3260,%d"} {
			value := fmt.Sprintf(format, n)
			if want := n < 1<<16 && (n > 0 || strings.HasSuffix(value, ",0")); judgePlain(t, &r, value) != want {
				t.Errorf("%s: plain %t, want %t", value, !want, want)
			}
		}
	}
}

// TestPlainAddressCut: an address that is not there as a whole is not plain.
func TestPlainAddressCut(t *testing.T) {
	t.Parallel()
	whole := []byte("10.0.0.1:3260,1" + afterPlain)
	for n := range whole {
		var r addressCache
		for _, text := range [][]byte{whole, whole[:n:n]} {
			var a Address
			if size := r.parsePlain(&a, text); size > len(text) || size > 0 && text[size-1] != 0 {
				t.Errorf("%q: got %d bytes", text, size)
			}
			var to []Address
			if size := r.parsePlainTail(&to, append([]byte(plainBegin), text...)); size > 0 && !bytes.Contains(text, []byte(nameKey)) {
				t.Errorf("%q: got %d bytes", text, size)
			}
		}
	}
}
