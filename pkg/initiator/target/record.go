package target

// A Record is one record of an answer, in memory that the Parser uses again.
type Record struct {
	Name, Alias []byte
	Addresses   []Address
	Implied     bool // its addresses were not sent, or are what would have been implied
}

type recordState uint8

const (
	beforeFirst recordState = iota
	inRecord
	inBadRecord // its name is invalid: skip it
)

// begin makes t one of which the name is known.
func (t *Record) begin(name []byte) {
	t.Name, t.Alias, t.Addresses = append(t.Name[:0], name...), t.Alias[:0], t.Addresses[:0]
	t.Implied = false
}
