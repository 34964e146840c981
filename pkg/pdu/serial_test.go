package pdu

import "testing"

func TestSerial(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b         uint32
		less, lessEq bool
	}{
		{a: 0, b: 0, lessEq: true},
		{a: 0, b: 1, less: true, lessEq: true},
		{a: 1, b: 0},
		{a: 0xffffffff, b: 0, less: true, lessEq: true},
		{a: 0, b: 0xffffffff},
		{a: 0xfffffff0, b: 0x10, less: true, lessEq: true},
		{a: 0, b: 1<<31 - 1, less: true, lessEq: true},
		{a: 0, b: 1 << 31}, // neither way
		{a: 1 << 31, b: 0},
		{a: 5, b: 1<<31 + 5},
		{a: 1<<31 + 5, b: 5},
		{a: 0, b: 1<<31 + 1},
		{a: 1<<31 + 1, b: 0, less: true, lessEq: true},
		{a: 0x7fffffff, b: 0x80000000, less: true, lessEq: true},
	}
	for _, tt := range tests {
		if got := SerialLess(tt.a, tt.b); got != tt.less {
			t.Errorf("SerialLess(%#x, %#x): got %t, want %t", tt.a, tt.b, got, tt.less)
		}
		if got := SerialLessEq(tt.a, tt.b); got != tt.lessEq {
			t.Errorf("SerialLessEq(%#x, %#x): got %t, want %t", tt.a, tt.b, got, tt.lessEq)
		}
	}
}
