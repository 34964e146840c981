package iscsiadm

import "strings"

// Defaults are what iscsid.conf says of discovery records. The zero value is what holds
// where it says nothing.
type Defaults struct{ values map[string]fieldValue }

// ReadDefaults reads iscsid.conf. Of several lines for a key the last one counts. A line
// that is wrong costs itself: the notes, in iscsiadm's words, say which.
func ReadDefaults(b []byte) (d Defaults, tell []string) {
	pairs, n := readPairs(b)
	d.values = make(map[string]fieldValue)
	for _, p := range pairs {
		switch {
		case strings.HasPrefix(p.key, "discovery.sendtargets."), p.key == keyAlgorithms:
			d.take(SendTargets, p, &n)
		case strings.HasPrefix(p.key, "discovery.isns."):
			d.take(ISNS, p, &n)
		}
	}
	return d, n
}

// take takes a line for records of a type into d. Keys of no field, and of those by which a record is looked
// up, are passed over.
func (d *Defaults) take(t Type, p pair, n *notes) {
	f := fieldOf(t, p.key)
	if f == nil || f.kind == fieldLookup {
		return
	}
	if f.kind == fieldNumber || f.kind == fieldSigned { // what follows a number does not count
		p.value, _ = cutBlank(p.value)
	}
	v, more, err := f.parse(p.value)
	switch {
	case err == nil:
		d.values[f.name] = v
	case f.kind == fieldSecret || f.kind == fieldText:
		n.add("config file line %d: %v", p.line, err)
	default:
		n.add("config file line %d contains %v", p.line, err)
	}
	for _, line := range more {
		n.add("%s", line)
	}
}
