package userspace

import "testing"

func TestMTU(t *testing.T) {
	t.Parallel()
	for set, want := range map[int]int{0: DefaultMTU, -1: DefaultMTU, 576: DefaultMTU, 1400: 1400, maxMTU: maxMTU, 1 << 30: maxMTU} {
		if got := (&Enforcer{MTU: set}).mtu(); got != want {
			t.Errorf("MTU %d: got %d, want %d", set, got, want)
		}
	}
}
