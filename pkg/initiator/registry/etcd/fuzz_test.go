package etcd

import (
	"bytes"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// FuzzHead: whatever a key holds, no more is read of it than a record may have, and what
// is taken for a head is written as it was.
func FuzzHead(f *testing.F) {
	mark := newMark()
	f.Add([]byte(nil))
	f.Add((&head{mark: mark, value: []byte("value")}).bytes())
	f.Add((&head{mark: mark, large: newLarge(generationOf(7), make([]byte, partLen+1))}).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHead(b)
		if err != nil {
			return
		}
		if l := h.large; l != nil {
			if l.size < 1 || l.size > registry.MaxRecordLen || l.parts < 1 || l.parts > maxParts {
				t.Fatalf("got %d parts of %d bytes", l.parts, l.size)
			}
			if again, err := parseHead(h.bytes()); err != nil || *again.large != *l || again.mark != h.mark {
				t.Fatalf("got %+v, %v, want %+v", again, err, h)
			}
			return
		}
		if got := h.bytes(); !bytes.Equal(got, b) {
			t.Fatalf("got %q, want %q", got, b)
		}
	})
}

// FuzzPartKey: a key that is taken for a part is the one that its parts would have.
func FuzzPartKey(f *testing.F) {
	k := keys{"prefix/"}
	f.Add([]byte(k.part("key", generationOf(7), newMark(), 3)))
	f.Add([]byte("prefix/p/\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := k.parsePart(b)
		if !ok {
			return
		}
		if begin := k.generation(p.key, p.generation, p.mark); !bytes.HasPrefix(b, []byte(begin)) || !validKey(p.key) {
			t.Fatalf("%q is taken for a part that begins with %q", b, begin)
		}
	})
}
