package initiator

// Like returns a batch of the same portal that has no targets and no result. Its Stop
// ends the same discovery.
func (b *Batch) Like() *Batch {
	return &Batch{Index: b.Index, Portal: b.Portal, Address: b.Address, watch: b.watch, work: b.work}
}
