package auth

import (
	"sync"
	"testing"
)

func TestChallenges(t *testing.T) {
	t.Parallel()
	const ours = "0123456789abcdef"
	var c Challenges
	if c.has([]byte(ours)) || c.Len() != 0 {
		t.Fatal("the zero value is not empty")
	}
	if !c.add([]byte(ours)) {
		t.Fatal("got an old challenge, want a new one")
	}
	if c.add([]byte("9876543210" + ours[8:])) {
		t.Error("a challenge with the same end went in twice")
	}
	if c.add([]byte("short")) {
		t.Error("a challenge that could not be told from others went in")
	}
	for _, tt := range []struct {
		name, challenge string
		want            bool
	}{
		{"the same", ours, true},
		{"with bytes in front", "xyz" + ours, true},
		{"without its first byte", ours[1:], true},
		{"its last eight bytes", ours[8:], true},
		{"its last seven bytes", ours[9:], false},
		{"with a byte behind", ours + "g", false},
		{"without its last byte", ours[:15], false},
		{"another", "fedcba9876543210", false},
		{"empty", "", false},
	} {
		if got := c.has([]byte(tt.challenge)); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	c.remove(nil)
	if c.Len() != 1 {
		t.Errorf("got %d challenges, want 1", c.Len())
	}
	c.remove([]byte(ours))
	if c.has([]byte(ours)) || c.Len() != 0 {
		t.Error("a challenge stayed")
	}
}

func TestChallengesConcurrently(t *testing.T) {
	t.Parallel()
	var c Challenges
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			challenge := []byte("challenge 0")
			challenge[10] += byte(i)
			for range 100 {
				if !c.add(challenge) || !c.has(challenge) {
					t.Error("a challenge did not go in")
				}
				c.remove(challenge)
			}
		})
	}
	wg.Wait()
	if c.Len() != 0 {
		t.Errorf("got %d challenges, want none", c.Len())
	}
}
