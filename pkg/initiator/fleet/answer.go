package fleet

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Bounds of an answer. What is beyond is told by its number of targets alone: no list of it
// is published.
const (
	MaxTargets   = 1 << 17  // targets of an answer
	MaxAddresses = 1024     // addresses of one target
	MaxAnswerLen = 32 << 20 // bytes of an answer as Encode writes it, before it is compressed
	MaxPartLen   = 1 << 20  // bytes of a part in etcd, whose requests have 1.5 MiB at most
	MaxParts     = MaxAnswerLen/MaxPartLen + 1
)

// An Answer is the targets that a portal reported, as hosts publish them: once for all hosts
// that saw the same.
type Answer struct {
	Digest  Digest
	Targets int      // how many
	Parts   [][]byte // compressed, each at most MaxPartLen bytes
}

// A listed is a target in an answer.
type listed struct {
	Name      string   `json:"name"`
	Alias     string   `json:"alias,omitempty"`
	Addresses []string `json:"addresses"`
}

// A list is an answer as it is written.
type list struct {
	Schema  int      `json:"schema"`
	Targets []listed `json:"targets"`
}

// Encode returns an answer as it is published: its targets by name and the addresses of each
// in order, as JSON, and the SHA-256 of that. What is usable from here does not count. The
// error is a *TooLargeError.
func Encode(targets []target.Target) (*Answer, error) {
	if len(targets) > MaxTargets {
		return nil, &TooLargeError{Targets: len(targets)}
	}
	all := list{Schema: Schema, Targets: make([]listed, len(targets))}
	for i := range targets {
		t := &targets[i]
		if len(t.Addresses) > MaxAddresses {
			return nil, &TooLargeError{Targets: len(targets), Addresses: len(t.Addresses)}
		}
		all.Targets[i] = listedOf(t)
	}
	slices.SortFunc(all.Targets, func(a, b listed) int { return cmp.Compare(a.Name, b.Name) })
	written, err := json.Marshal(&all)
	if err != nil {
		return nil, err
	}
	if len(written) > MaxAnswerLen {
		return nil, &TooLargeError{Targets: len(targets), Bytes: len(written)}
	}
	return &Answer{Digest: sha256.Sum256(written), Targets: len(targets), Parts: deflate(written)}, nil
}

// listedOf is a target as it is written.
func listedOf(t *target.Target) listed {
	l := listed{Name: t.Name, Alias: t.Alias, Addresses: make([]string, len(t.Addresses))}
	for j := range t.Addresses {
		l.Addresses[j] = addressText(t.Addresses[j])
	}
	slices.Sort(l.Addresses)
	return l
}

// Decode reads the parts of an answer with a digest that a path named. It is a *LieError
// where they are not that answer: incomplete, with another digest, or no answer at all. The
// texts are as they were written, names valid UTF-8 within name.MaxLen bytes.
func Decode(d Digest, parts [][]byte) ([]target.Target, error) {
	written, why, cut := inflate(d, parts)
	if why != "" {
		return nil, &LieError{Digest: d, Why: why, Cut: cut}
	}
	return read(written, func(why string) error { return &LieError{Digest: d, Why: why} })
}

// inflate returns what parts have that were compressed, if its SHA-256 is d; otherwise why
// not, and whether the end is missing.
func inflate(d Digest, parts [][]byte) (written []byte, why string, cut bool) {
	if len(parts) == 0 || len(parts) > MaxParts {
		return nil, fmt.Sprintf("it has %d parts", len(parts)), false
	}
	readers := make([]io.Reader, len(parts))
	for i, p := range parts {
		readers[i] = bytes.NewReader(p)
	}
	z, err := gzip.NewReader(io.MultiReader(readers...))
	if err != nil {
		return nil, "it is not compressed by gzip", false
	}
	written, err = io.ReadAll(io.LimitReader(z, MaxAnswerLen+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, "it is cut off", true
	case err != nil:
		return nil, "it is damaged", false
	case len(written) > MaxAnswerLen:
		return nil, fmt.Sprintf("it has more than %d bytes", MaxAnswerLen), false
	case sha256.Sum256(written) != d:
		return nil, "it is another answer", false
	}
	return written, "", false
}

// deflate compresses what was written, in parts.
func deflate(written []byte) [][]byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(written) // a Buffer takes all
	_ = z.Close()
	return slices.Collect(slices.Chunk(b.Bytes(), MaxPartLen))
}

// read reads an answer as it was before it was compressed.
func read(written []byte, lie func(string) error) ([]target.Target, error) {
	var all list
	if err := unmarshal(written, &all); err != nil {
		return nil, lie(err.Error())
	}
	if len(all.Targets) > MaxTargets {
		return nil, lie(fmt.Sprintf("it has %d targets, more than %d", len(all.Targets), MaxTargets))
	}
	targets := make([]target.Target, len(all.Targets))
	for i, l := range all.Targets {
		if i > 0 && all.Targets[i-1].Name >= l.Name {
			return nil, lie("its targets are not in order")
		}
		t, why := l.target()
		if why != "" {
			return nil, lie(why)
		}
		targets[i] = t
	}
	return targets, nil
}

// target returns the target that is listed, or why there can be none.
func (l *listed) target() (t target.Target, why string) {
	if l.Name == "" || len(l.Name) > name.MaxLen || len(l.Alias) > MaxTextLen || !utf8.ValidString(l.Name) || len(l.Addresses) > MaxAddresses {
		return t, "a target in it has an impossible name or too many addresses"
	}
	t = target.Target{Name: l.Name, Alias: l.Alias, Addresses: make([]target.Address, len(l.Addresses))}
	for j, a := range l.Addresses {
		address, ok := parseAddress(a)
		if !ok {
			return t, "a target in it has an impossible address"
		}
		t.Addresses[j] = address
	}
	return t, ""
}

// A TooLargeError is an answer that is too large to be published.
type TooLargeError struct {
	Targets   int // of it
	Addresses int // of one target; 0: they are not at fault
	Bytes     int // as it is written; 0: they are not at fault
}

func (e *TooLargeError) Error() string {
	switch {
	case e.Addresses > 0:
		return fmt.Sprintf("a target has %d addresses, and an answer is published with at most %d of each", e.Addresses, MaxAddresses)
	case e.Bytes > 0:
		return fmt.Sprintf("%d targets take %d bytes, and an answer is published up to %d bytes", e.Targets, e.Bytes, MaxAnswerLen)
	}
	return fmt.Sprintf("%d targets, and an answer is published up to %d targets", e.Targets, MaxTargets)
}

// A LieError is an answer in etcd that is not what it says it is.
type LieError struct {
	Digest Digest // that it was to have
	Why    string
	Cut    bool // what is there is its beginning, as far as can be told: parts may be missing
}

func (e *LieError) Error() string { return fmt.Sprintf("answer %.12s… in etcd: %s", e.Digest, e.Why) }
