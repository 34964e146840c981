package esp

import "math"

// windowLen is how many sequence numbers back from the highest a packet may be late.
const windowLen = 1024

// windowWords is the length of the ring of bits: the window may begin and end within a
// word.
const windowWords = windowLen/64 + 1

// A window remembers which packets have come (RFC 4303, section 3.4.3). A sequence number
// is 64 bits here; without extended sequence numbers the upper half is always zero.
type window struct {
	top  uint64 // the highest that was authenticated
	bits [windowWords]uint64
}

// sequence returns the whole sequence number of a packet from its lower half (RFC 4303,
// appendix A2.2): the one that is in the window or above it, nearest to it. ok is false
// where there is none.
func (w *window) sequence(low uint32, esn bool) (seq uint64, ok bool) {
	if !esn {
		return uint64(low), true
	}
	high := w.top >> 32
	bottom := uint32(w.top) - (windowLen - 1) // wraps where the window begins below a multiple of 2^32
	if uint32(w.top) >= windowLen-1 {
		if low < bottom {
			high++
		}
		return high<<32 | uint64(low), high <= math.MaxUint32
	}
	if low >= bottom {
		if high == 0 {
			return 0, false
		}
		high--
	}
	return high<<32 | uint64(low), true
}

// fresh reports whether a packet with the number has not come before, as far as the window
// knows. The first packet has the number 1.
func (w *window) fresh(seq uint64) bool {
	switch {
	case seq == 0:
		return false
	case seq > w.top:
		return true
	case w.top-seq >= windowLen:
		return false
	}
	return w.bits[seq/64%windowWords]>>(seq%64)&1 == 0
}

// note remembers an authenticated packet that was fresh.
func (w *window) note(seq uint64) {
	if seq > w.top {
		for word, n := w.top/64+1, 0; word <= seq/64 && n < windowWords; word, n = word+1, n+1 {
			w.bits[word%windowWords] = 0
		}
		w.top = seq
	}
	w.bits[seq/64%windowWords] |= 1 << (seq % 64)
}
