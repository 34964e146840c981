package host

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// maxKept is how many bytes of encoded answers a Host keeps, for the leader to ask for. Of
// an answer beyond it the fleet knows the number of targets alone.
const maxKept = 256 << 20

// A kept is an answer that some path has.
type kept struct {
	answer *fleet.Answer
	sum    uint64 // of it as it came first
	uses   int    // paths
	size   int    // bytes
}

// sum returns a number that tells answers apart as they came, in their order: much faster
// than a digest, which most answers need not have anew.
func (b *book) sum(targets []target.Target) uint64 {
	var h maphash.Hash
	h.SetSeed(b.seed)
	var room [16]byte
	text := func(s string) {
		h.Write(binary.LittleEndian.AppendUint32(room[:0], uint32(len(s))))
		h.WriteString(s)
	}
	for i := range targets {
		t := &targets[i]
		text(t.Name)
		text(t.Alias)
		h.Write(binary.LittleEndian.AppendUint32(room[:0], uint32(len(t.Addresses))))
		for j := range t.Addresses {
			a := &t.Addresses[j]
			text(a.Host)
			h.Write(binary.LittleEndian.AppendUint32(append(room[:0], byte(a.Port), byte(a.Port>>8)), uint32(a.Group)))
		}
	}
	return h.Sum64()
}

// known returns the answer with a sum that is kept; nil: none is.
func (b *book) known(sum uint64) *fleet.Answer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := b.answers[b.sums[sum]]; k != nil {
		return k.answer
	}
	return nil
}

// errNoRoom is why an answer is not published.
var errNoRoom = fmt.Errorf("this host has more than %d MiB of answers", maxKept>>20)

// keep counts one more path that has an answer. Where there is no room the digest is zero.
func (b *book) keep(a *fleet.Answer, sum uint64) fleet.Digest {
	k := b.answers[a.Digest]
	if k == nil {
		k = &kept{answer: a, sum: sum}
		for _, p := range a.Parts {
			k.size += len(p)
		}
		if b.bytes+k.size > b.limit {
			return fleet.Digest{}
		}
		b.bytes += k.size
		b.answers[a.Digest], b.sums[sum] = k, a.Digest
		b.touchParts(a.Digest)
	}
	k.uses++
	return a.Digest
}

// release counts one path less that has an answer; zero: it had none.
func (b *book) release(d fleet.Digest) {
	k := b.answers[d]
	if k == nil {
		return
	}
	if k.uses--; k.uses == 0 {
		b.touchParts(d)
		b.bytes -= k.size
		delete(b.answers, d)
		delete(b.sums, k.sum)
	}
}

// touchParts has the parts of an answer that the leader asks for looked at again.
func (b *book) touchParts(d fleet.Digest) {
	k := b.answers[d]
	if k == nil || !b.wants[d] {
		return
	}
	for i := range k.answer.Parts {
		b.touch(b.keys.Answer(b.host, d, i))
	}
}
