package fleetprogram

import (
	"errors"
	"slices"
	"testing"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// TestParseOffers: what does not end as a completion does offers nothing.
func TestParseOffers(t *testing.T) {
	t.Parallel()
	const nothing = cobra.ShellCompDirectiveNoFileComp
	for _, tt := range []struct {
		out  string
		want []string
		d    cobra.ShellCompDirective
	}{
		{"hosts\tthe hosts\npaths\n:4\n", []string{"hosts\tthe hosts", "paths"}, 4},
		{":0\n", []string{}, 0},
		{"", nil, nothing},
		{"hosts\n", nil, nothing},
		{"hosts\n4\n", nil, nothing},
		{"hosts\n:999\n", nil, nothing},
		{"hosts\n:-1\n", nil, nothing},
	} {
		got, d := parseOffers(tt.out)
		if !slices.Equal(got, tt.want) || d != tt.d {
			t.Errorf("%q: got %q, %d; want %q, %d", tt.out, got, d, tt.want, tt.d)
		}
	}
}

// TestMissing: without the program nothing is offered, and the error says what to install.
func TestMissing(t *testing.T) {
	t.Parallel()
	for _, w := range []*machine.Env{{}, {Program: func(string) (string, error) { return "", errors.New("not found") }}} {
		if got, d := complete(t.Context(), w, []string{""}); len(got) > 0 || d != cobra.ShellCompDirectiveNoFileComp {
			t.Errorf("got %q, %d", got, d)
		}
		if _, err := find(w); !errors.Is(err, errMissing) || !IsMissing(w) {
			t.Errorf("got %v", err)
		}
	}
}

// TestBounded: a program that prints without end is not read to its end.
func TestBounded(t *testing.T) {
	t.Parallel()
	b := &bounded{}
	if _, err := b.Write(make([]byte, maxOffers)); err != nil {
		t.Error(err)
	}
	if _, err := b.Write([]byte("x")); err == nil {
		t.Error("it takes more than it has room for")
	}
}
