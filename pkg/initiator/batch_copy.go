package initiator

// AddTarget adds a copy of target i of another batch, with other addresses. Nothing
// is allocated beyond the memory of b.
func (b *Batch) AddTarget(from *Batch, i int, addresses []TargetAddress) {
	b.add(&listed{name: from.Name(i), alias: from.Alias(i), addresses: addresses, implied: from.entries[i].implied})
}
