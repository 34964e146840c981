package ike

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math/big"
	"testing"
)

// offsets are c in the formula of the primes, by their bits: 2^n - 2^(n-64) - 1 + 2^64 *
// ([2^(n-130) pi] + c). RFC 2409, section 6.2, has that of 1024, RFC 3526 the others.
var offsets = map[Group]struct{ bits, c int64 }{
	MODP1024: {1024, 129093}, MODP1536: {1536, 741804}, MODP2048: {2048, 124476}, MODP3072: {3072, 1690314},
	MODP4096: {4096, 240904}, MODP6144: {6144, 929484}, MODP8192: {8192, 4743158},
}

// TestPrimes computes the primes of RFC 2409, section 6, and of RFC 3526 from their
// formula.
func TestPrimes(t *testing.T) {
	t.Parallel()
	if len(offsets) != len(modulus) {
		t.Errorf("got %d primes, want %d", len(modulus), len(offsets))
	}
	for g, o := range offsets {
		n := uint(o.bits)
		want := new(big.Int).Rsh(scaledPi(n), 130) // [2^(n-130) pi]
		want.Add(want, big.NewInt(o.c))
		want.Lsh(want, 64)
		want.Sub(want, big.NewInt(1))
		want.Sub(want, new(big.Int).Lsh(big.NewInt(1), n-64))
		want.Add(want, new(big.Int).Lsh(big.NewInt(1), n))
		got, ok := new(big.Int).SetString(modulus[g], 16)
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("%s: got %x\nwant %x", g, got, want)
		}
		if g.PublicLen() != int(o.bits/8) {
			t.Errorf("%s: got public values of %d bytes, want %d", g, g.PublicLen(), o.bits/8)
		}
		half := new(big.Int).Rsh(want, 1)
		if n <= 2048 && (!want.ProbablyPrime(2) || !half.ProbablyPrime(2)) {
			t.Errorf("%s: no safe prime", g)
		}
	}
}

// scaledPi returns [2^n pi], by Machin's formula: 16 atan 1/5 - 4 atan 1/239.
func scaledPi(n uint) *big.Int {
	const guard = 64
	one := new(big.Int).Lsh(big.NewInt(1), n+guard)
	atan := func(x int64) *big.Int { // [2^(n+guard) atan 1/x], a little less
		square := big.NewInt(x * x)
		power := new(big.Int).Quo(one, big.NewInt(x))
		sum := new(big.Int)
		for k := int64(0); power.Sign() != 0; k++ {
			term := new(big.Int).Quo(power, big.NewInt(2*k+1))
			if k%2 == 0 {
				sum.Add(sum, term)
			} else {
				sum.Sub(sum, term)
			}
			power.Quo(power, square)
		}
		return sum
	}
	pi := new(big.Int).Mul(big.NewInt(16), atan(5))
	pi.Sub(pi, new(big.Int).Mul(big.NewInt(4), atan(239)))
	return pi.Rsh(pi, guard)
}

// TestMODP: both ends come to the same secret, of the prime's length with leading zeros;
// the exponent is of full length and never the same.
func TestMODP(t *testing.T) {
	t.Parallel()
	for g, bits := range map[Group]int{MODP1024: 256, MODP1536: 256, MODP2048: 256, MODP3072: 320, MODP4096: 384, MODP6144: 512, MODP8192: 512} {
		a, err := NewKeyPair(g, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewKeyPair(g, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		ab, errA := a.Shared(b.Public)
		ba, errB := b.Shared(a.Public)
		if errA != nil || errB != nil || !ab.Equal(ba) || len(ab.Bytes()) != g.PublicLen() || len(a.Public) != g.PublicLen() {
			t.Errorf("%s: got %d and %d bytes, %v, %v", g, len(ab.Bytes()), len(ba.Bytes()), errA, errB)
		}
		if a.modp.x.BitLen() != bits || a.modp.x.Cmp(b.modp.x) == 0 {
			t.Errorf("%s: got exponents of %d bits, want %d", g, a.modp.x.BitLen(), bits)
		}
		x := a.modp.x.Bits()
		a.Wipe()
		for _, w := range x {
			if w != 0 {
				t.Errorf("%s: the exponent is not cleared", g)
			}
		}
	}
}

// TestMODPPublic (RFC 6989, section 2.1): public values that are refused, and those next
// to them that are not.
func TestMODPPublic(t *testing.T) {
	t.Parallel()
	for g := range offsets {
		p, _ := new(big.Int).SetString(modulus[g], 16)
		k, err := NewKeyPair(g, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		max := new(big.Int).Lsh(big.NewInt(1), uint(8*g.PublicLen()))
		for _, tt := range []struct {
			name string
			y    *big.Int
			ok   bool
		}{
			{"0", big.NewInt(0), false}, {"1", big.NewInt(1), false}, {"2", big.NewInt(2), true},
			{"p-2", new(big.Int).Sub(p, big.NewInt(2)), true}, {"p-1", new(big.Int).Sub(p, big.NewInt(1)), false}, {"p", p, false},
			{"p+1", new(big.Int).Add(p, big.NewInt(1)), false}, {"all bits", new(big.Int).Sub(max, big.NewInt(1)), false},
		} {
			peer := tt.y.FillBytes(make([]byte, g.PublicLen()))
			_, err := k.Shared(peer)
			var wrong *PublicError
			if tt.ok != (err == nil) || err != nil && (!errors.As(err, &wrong) || wrong.Group != g) {
				t.Errorf("%s, %s: got %v", g, tt.name, err)
			}
		}
		good := big.NewInt(2).FillBytes(make([]byte, g.PublicLen()))
		for _, peer := range [][]byte{nil, {}, good[1:], append([]byte{0}, good...), bytes.Repeat(good, 2)} {
			if _, err := k.Shared(peer); err == nil {
				t.Errorf("%s: took a public value of %d bytes", g, len(peer))
			}
		}
	}
}

// TestNoGroup: what is no group has no key pair, and no randomness makes none.
func TestNoGroup(t *testing.T) {
	t.Parallel()
	for _, g := range []Group{0, 1, MODP2048s256, 99} {
		if _, err := NewKeyPair(g, rand.Reader); err == nil {
			t.Errorf("%s: got a key pair", g)
		}
	}
	if _, err := NewKeyPair(MODP2048, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("got a key pair of 31 bytes of randomness")
	}
}
