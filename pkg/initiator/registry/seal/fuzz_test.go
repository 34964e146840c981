package seal

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// FuzzOpen: nothing opens that was not sealed, and what can be taken apart can be
// put together again.
func FuzzOpen(f *testing.F) {
	usual, fips := fixed(1, false), fixed(1, true)
	for _, sealed := range golden {
		f.Add(sealed)
		f.Add(sealed[:minLen])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if a, id, body, err := parseHeader(sealed); err == nil {
			if got := append(appendHeader(nil, a, id), body...); !bytes.Equal(got, sealed) {
				t.Errorf("got %x, want %x again", got, sealed)
			}
		}
		for _, s := range []*Sealer{usual, fips} {
			_, err := s.Open(sealed, "context")
			if err == nil && !slices.ContainsFunc(slices.Collect(maps.Values(golden)), func(b []byte) bool { return bytes.Equal(b, sealed) }) {
				t.Errorf("%x opens", sealed)
			}
		}
	})
}

// FuzzKeyFile: what is taken as a key file is one.
func FuzzKeyFile(f *testing.F) {
	f.Add(bytes.Repeat([]byte("5e"), materialLen))
	f.Add(append(bytes.Repeat([]byte("5E"), materialLen), '\n'))
	f.Fuzz(func(t *testing.T, text []byte) {
		if material, ok := parseKeyFile(text); ok && (len(material) != materialLen || len(text) != keyFileLen) {
			t.Errorf("%q gives a key of %d bytes", text, len(material))
		}
	})
}
