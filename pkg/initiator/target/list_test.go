package target

import (
	"slices"
	"testing"
)

// TestAddTarget: a target that is copied to another list keeps all but its addresses,
// and nothing is allocated for it where the list has room.
func TestAddTarget(t *testing.T) {
	old := []Address{{Host: "10.0.0.5", Port: 3260, Group: 1}}
	now := []Address{{Host: "192.0.2.5", Port: 3260, Group: 1}, {Host: "192.0.2.6", Port: 3260, Group: 2}}
	var from, to List
	for _, name := range []string{"iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk2"} {
		from.Append(&Record{Name: []byte(name), Alias: []byte("the alias"), Addresses: old, Implied: name[len(name)-1] == '2'})
		to.AddTarget(&from, from.Len()-1, now)
	}
	for i := range from.Len() {
		if string(to.Name(i)) != string(from.Name(i)) || string(to.Alias(i)) != "the alias" || !slices.Equal(to.Addresses(i), now) ||
			to.entries[i].implied != (i == 1) || !slices.Equal(from.Addresses(i), old) {
			t.Errorf("got %+v", to.Target(i))
		}
	}
	if a, b := to.Addresses(0), to.Addresses(1); &a[0] != &b[0] {
		t.Error("neighbours at the same addresses do not share them")
	}
	to.Reset()
	if n := testing.AllocsPerRun(100, func() {
		to.AddTarget(&from, 0, now)
		to.Reset()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
