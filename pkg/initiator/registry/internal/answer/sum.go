package answer

import (
	"crypto/sha256"
	"encoding/base64"
	"net/netip"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// sumLen is how many bytes of a SHA-256 tell what is said of one target apart.
const sumLen = 16

// Sums makes the sums of what an answer says of each of its targets. Its method may not be
// called from several goroutines.
type Sums struct {
	at   netip.AddrPort
	same int    // bytes of b that all sums begin with
	b    []byte // for what is hashed
}

// NewSums returns the Sums of an answer. about is what is stored of each target beside the
// answer, and at as for Digest.
func NewSums(about []byte, at netip.AddrPort) *Sums {
	b := appendText(nil, string(about))
	return &Sums{at: at, same: len(b), b: b}
}

// Append appends the sum of a target to text. Two targets have one sum where they leave
// the same in the registry.
func (s *Sums) Append(text []byte, t *target.Target) []byte {
	s.b = appendTarget(s.b[:s.same], t, s.at)
	sum := sha256.Sum256(s.b)
	return base64.RawStdEncoding.AppendEncode(text, sum[:sumLen])
}
