package render

import (
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Size estimates the memory that a copy of the targets of a batch takes.
func Size(b *initiator.Batch) (n int64) {
	var last []target.Address
	for i := range b.Len() {
		n += int64(24 + len(b.Name(i)) + len(b.Alias(i)))
		if a := b.Addresses(i); !SameMemory(a, last) {
			last = a
			n += addressesSize(a)
		}
	}
	return n
}

// TargetSize estimates the memory that a target takes as a value, whose name and alias
// are that many bytes.
func TargetSize(text int, addresses []target.Address) int64 {
	return int64(128+text) + addressesSize(addresses)
}

func addressesSize(addresses []target.Address) (n int64) {
	for i := range addresses {
		n += int64(64 + len(addresses[i].Host))
	}
	return n
}

// AsBatches makes batches of results, which have the targets.
func AsBatches(results iter.Seq[initiator.Result]) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		index := 0
		for r := range results {
			if !yield(&initiator.Batch{Index: index, Portal: r.Asked.Portal, Address: r.Address, Result: &r}) {
				return
			}
			index++
		}
	}
}
