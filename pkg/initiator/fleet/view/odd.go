package view

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
)

const maxOddKey = 512 // bytes of a key that are kept

// odds are the keys that cannot be read: MaxOdd at most, whoever wrote how many.
type odds struct {
	all  map[string]Odd // by oddID
	kept []Odd          // what first returned; nil: it has to be made again
}

func (o *odds) add(key, host string, err error) {
	id := oddID(key)
	if _, known := o.all[id]; !known && len(o.all) >= MaxOdd {
		return
	}
	o.all[id] = Odd{Key: text.Cut(key, maxOddKey), Host: host, Err: err}
	o.kept = nil
}

func (o *odds) remove(key string) {
	if len(o.all) == 0 {
		return
	}
	id := oddID(key)
	if _, known := o.all[id]; known {
		delete(o.all, id)
		o.kept = nil
	}
}

// first returns the first of them by key.
func (o *odds) first() []Odd {
	if o.kept == nil && len(o.all) > 0 {
		for _, odd := range o.all {
			o.kept = append(o.kept, odd)
		}
		slices.SortFunc(o.kept, func(a, b Odd) int { return strings.Compare(a.Key, b.Key) })
		o.kept = slices.Clone(o.kept[:min(len(o.kept), MaxOddKept)])
	}
	return o.kept
}

// oddID is short also where the key is not, and of one key alone.
func oddID(key string) string {
	if len(key) <= maxOddKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return string(sum[:])
}
