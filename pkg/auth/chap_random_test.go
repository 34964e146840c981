package auth_test

import (
	"testing"
	"testing/cryptotest"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// drawn returns the identifier and the challenge of a mutual exchange that has no
// source of its own.
func drawn(t *testing.T) (identifier, challenge string) {
	t.Helper()
	c := mutual()
	c.Rand, c.Outstanding = nil, new(auth.Challenges)
	x := c.Begin()
	defer x.Close()
	step(t, x, nil, false)
	out := values(t, step(t, x, text("CHAP_A=7", "CHAP_I=1", "CHAP_C=0x010203"), true))
	return out["CHAP_I"], out["CHAP_C"]
}

// TestChallengeIsRandom: identifiers and challenges come from crypto/rand, all of
// them. Where that is made to repeat itself, they are repeated, so nothing else goes
// into them; where it is not, they differ.
func TestChallengeIsRandom(t *testing.T) {
	const draws = 16
	series := func(t *testing.T, seed uint64) (all [draws][2]string) {
		t.Run("draw", func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, seed)
			for i := range all {
				all[i][0], all[i][1] = drawn(t)
			}
		})
		return all
	}
	first, again, other := series(t, 1), series(t, 1), series(t, 2)
	if first != again {
		t.Errorf("from the same random bytes came %v and %v", first, again)
	}
	if first == other {
		t.Errorf("from other random bytes came the same: %v", first)
	}
	identifiers, challenges := make(map[string]bool), make(map[string]bool)
	for _, d := range append(first[:], other[:]...) {
		identifiers[d[0]], challenges[d[1]] = true, true
		if want := 2 + 2*32; len(d[1]) != want {
			t.Errorf("got a challenge %s, want %d characters", d[1], want)
		}
	}
	if len(challenges) != 2*draws || len(identifiers) < draws {
		t.Errorf("%d draws gave %d challenges and %d identifiers", 2*draws, len(challenges), len(identifiers))
	}
}
