package initiator

// Like returns a batch of the same portal that has no targets and no result. Its Stop
// ends the same discovery.
func (b *Batch) Like() *Batch {
	return &Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, watch: b.watch, work: b.work}
}

// AddTarget adds a copy of target i of another batch, with other addresses. Nothing
// is allocated beyond the memory of b.
func (b *Batch) AddTarget(from *Batch, i int, addresses []TargetAddress) {
	b.add(&listed{name: from.Name(i), alias: from.Alias(i), addresses: addresses, implied: from.entries[i].implied})
}
