package fleet

import "testing"

// evil is the name of a host that is hostile.
const evil = "evil"

func (l *lab) badInput(t *testing.T) {
}
