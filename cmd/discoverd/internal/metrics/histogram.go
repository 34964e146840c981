package metrics

// buckets are the upper bounds of a histogram, in seconds: from an answer within a rack to
// a portal that took all the time that it has by default.
var buckets = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15}

// A histogram counts seconds.
type histogram struct {
	counts [len(buckets)]uint64 // by the first bound that is not below the value
	count  uint64
	sum    float64
}

func (h *histogram) observe(seconds float64) {
	h.count++
	h.sum += seconds
	for i, bound := range buckets {
		if seconds <= bound {
			h.counts[i]++
			return
		}
	}
}

// cumulative returns the counts as Prometheus has them.
func (h *histogram) cumulative() map[float64]uint64 {
	all, sum := make(map[float64]uint64, len(buckets)), uint64(0)
	for i, bound := range buckets {
		sum += h.counts[i]
		all[bound] = sum
	}
	return all
}
