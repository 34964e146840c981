package etcd

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// The sizes of what is kept, in bytes. etcd takes 1.5 MiB a request and 128 operations a
// transaction unless it was told otherwise.
const (
	inlineMax = 64 << 10 // a longer value is in parts, which bounds a page of heads
	batchMax  = 1 << 20  // of the values in the heads of one Apply
	partLen   = 1 << 20  // of all parts but the last
	maxParts  = registry.MaxRecordLen / partLen
)

// The forms of a head: what a record's key holds begins with one of them, and then has
// the mark of the Apply that wrote it.
const (
	formInline = 'v' // the value follows
	formParts  = 'p' // "GENERATION PARTS SIZE SHA256" follows, of a value in parts
)

// markLen is the length of a mark, which rand.Text makes. Each Apply has one, by which it
// knows what it wrote.
const markLen = 26

func newMark() string { return rand.Text() }

// A head is what the key of a record holds.
type head struct {
	mark  string
	value []byte // where there are no parts
	large *large // nil: the value is in the head
}

// A large says of a value in parts where they are and what they give.
type large struct {
	generation string // generationLen digits
	parts      int    // 1 to maxParts
	size       int    // in bytes, at most registry.MaxRecordLen
	digest     [sha256.Size]byte
}

// generationLen is the length of a generation: the revision at which the parts' marker
// was set, in hexadecimal digits, so that an older generation is the lesser.
const generationLen = 16

func generationOf(revision int64) string { return fmt.Sprintf("%016x", uint64(revision)) }

// newLarge describes a value that is to be in parts.
func newLarge(generation string, value []byte) *large {
	return &large{
		generation: generation, parts: (len(value) + partLen - 1) / partLen, size: len(value), digest: sha256.Sum256(value),
	}
}

// bytes returns the head as etcd has it.
func (h *head) bytes() []byte {
	if h.large != nil {
		return fmt.Appendf(nil, "%c%s%s %d %d %x", formParts, h.mark, h.large.generation, h.large.parts, h.large.size, h.large.digest)
	}
	b := make([]byte, 0, 1+markLen+len(h.value))
	b = append(append(b, formInline), h.mark...)
	return append(b, h.value...)
}

// parseHead reads a head. Its value is the rest of b.
func parseHead(b []byte) (*head, error) {
	if len(b) < 1+markLen {
		return nil, fmt.Errorf("a value of %d bytes is none of a record", len(b))
	}
	h := &head{mark: string(b[1 : 1+markLen])}
	switch rest := b[1+markLen:]; b[0] {
	case formInline:
		h.value = rest
		return h, nil
	case formParts:
		var err error
		h.large, err = parseLarge(rest)
		return h, err
	}
	return nil, fmt.Errorf("a value that begins with the byte %#02x is none of a record", b[0])
}

// parseLarge reads what a head says of a value in parts.
func parseLarge(b []byte) (*large, error) {
	const longest = generationLen + 1 + 2 + 1 + 8 + 1 + 2*sha256.Size
	var fields []string
	if len(b) <= longest {
		fields = strings.Split(string(b), " ")
	}
	if len(fields) != 4 || len(fields[0]) != generationLen {
		return nil, fmt.Errorf("what stands for a value in parts cannot be read")
	}
	l := &large{generation: fields[0]}
	_, err := strconv.ParseUint(l.generation, 16, 64)
	if err == nil {
		l.parts, err = strconv.Atoi(fields[1])
	}
	if err == nil {
		l.size, err = strconv.Atoi(fields[2])
	}
	n, hexErr := hex.Decode(l.digest[:], []byte(fields[3][:min(len(fields[3]), 2*sha256.Size)]))
	if err != nil || hexErr != nil || n != sha256.Size || l.size < 1 || l.size > registry.MaxRecordLen || l.parts != (l.size+partLen-1)/partLen {
		return nil, fmt.Errorf("what stands for a value in parts cannot be read")
	}
	return l, nil
}
