package initiator

// A heldRoom is the memory for what waits until it is its turn, and what each portal
// may take of it. All portals together may take room bytes; a portal that sends for
// ever does not take the room of all.
type heldRoom struct {
	room int64       // bytes
	used int64       // of it
	long int64       // of that, by portals whose lists are long
	only func() bool // no other portal is under way; nil: there always is one
}

// usual is what the list of a portal takes that is not long, in bytes.
func (m *heldRoom) usual() int64 { return min(64<<10, m.room/64) }

// limit returns how many bytes a portal may take that has used some: the whole room
// where it is the only one; what a list of usual length takes, as long as there is any
// room; more only from seven eighths of the room, and no more of them than it leaves
// free for others.
func (m *heldRoom) limit(used int64) int64 {
	left := m.room - (m.used - used)
	if m.only != nil && m.only() {
		return left
	}
	long := m.long
	if used > m.usual() {
		long -= used
	}
	return max(min(left, m.usual()), (m.room-m.room/8-long)/2)
}

// check returns why a portal that has used some bytes must not take size; nil: it may.
// A portal that would find room if the others had nothing is not to blame.
func (m *heldRoom) check(used, size int64) error {
	limit := m.limit(used)
	if size <= limit {
		return nil
	}
	alone := max(m.usual(), (m.room-m.room/8)/2)
	if m.only != nil && m.only() {
		alone = m.room
	}
	if size <= alone {
		return &MemoryError{Limit: m.room}
	}
	return &LimitError{What: "bytes that it may take in memory", Limit: max(limit, 0)}
}

// count counts n more bytes of a portal that has used some.
func (m *heldRoom) count(used *int64, n int64) {
	if *used > m.usual() {
		m.long -= *used
	}
	*used += n
	m.used += n
	if *used > m.usual() {
		m.long += *used
	}
}
