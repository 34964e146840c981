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

// A list is an answer as it is written.
type list struct {
	Schema  int      `json:"schema"`
	Targets []listed `json:"targets"`
}

// Encode returns an answer as it is published: its targets by name and the addresses of each
// in order, as JSON, and the SHA-256 of that. What is usable from here does not count. Of an
// alias the first MaxTextLen bytes are. The error is a *TooLargeError or an *UnfitError: what
// Encode returns, Decode takes.
func Encode(targets []target.Target) (*Answer, error) {
	if len(targets) > MaxTargets {
		return nil, &TooLargeError{Targets: len(targets)}
	}
	all := list{Schema: Schema, Targets: make([]listed, len(targets))}
	var w lister
	for i := range targets {
		t := &targets[i]
		if len(t.Addresses) > MaxAddresses {
			return nil, &TooLargeError{Targets: len(targets), Addresses: len(t.Addresses)}
		}
		var why string
		if all.Targets[i], why = w.list(t); why != "" {
			return nil, newUnfitError(t.Name, why)
		}
	}
	slices.SortFunc(all.Targets, func(a, b listed) int { return cmp.Compare(a.Name, b.Name) })
	for i := range all.Targets[min(1, len(targets)):] {
		if name := all.Targets[i].Name; name == all.Targets[i+1].Name {
			return nil, newUnfitError(name, "it is there twice")
		}
	}
	written, err := json.Marshal(&all)
	if err != nil {
		return nil, err
	}
	if len(written) > MaxAnswerLen {
		return nil, &TooLargeError{Targets: len(targets), Bytes: len(written)}
	}
	return &Answer{Digest: sha256.Sum256(written), Targets: len(targets), Parts: deflate(written)}, nil
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
