package main

import (
	"iter"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// maxViewed is about how many bytes of targets wait until it is known how their
// addresses are shown.
const maxViewed = 48 << 20

// size estimates the memory that the targets of a batch take.
func size(b *initiator.Batch) (n int) {
	for i := range b.Len() {
		n += targetSize(len(b.Name(i))+len(b.Alias(i)), b.Addresses(i))
	}
	return n
}

// targetSize estimates the memory that a target takes, whose name and alias are that
// many bytes.
func targetSize(text int, addresses []initiator.TargetAddress) int {
	n := 128 + text
	for i := range addresses {
		n += 64 + len(addresses[i].Host)
	}
	return n
}

// asBatches makes batches of results, which have the targets.
func asBatches(results iter.Seq[initiator.Result]) iter.Seq[*initiator.Batch] {
	return func(yield func(*initiator.Batch) bool) {
		index := 0
		for r := range results {
			if !yield(&initiator.Batch{Index: index, Portal: r.Portal.Portal, Address: r.Address, Result: &r}) {
				return
			}
			index++
		}
	}
}
