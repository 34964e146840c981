package fleet

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Bounds of a job.
const (
	MaxScanPortals  = 1 << 20 // addresses times TCP ports
	MaxShardPortals = 1 << 13 // the same, of one shard
	MaxShards       = 1 << 12
	MaxScanPorts    = 16
	MaxScanRanges   = 512
	MaxScanTimeout  = time.Minute // for one portal
	MaxShardTime    = time.Hour   // for one shard
)

// A Job is a sweep that hosts share: portals at all addresses of some ranges. The ranges are
// cut into shards where the address is a multiple of ShardSize: a shard of 256 addresses is
// within one /24, so that a host that allows some /24 may ask it.
type Job struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"`
	Asker     string    `json:"asker,omitempty"` // the program that asks for the scan: shown, never compared
	Started   time.Time `json:"started,omitzero"`
	Ranges    []Range   `json:"ranges"`                    // in order, none within another
	Ports     []uint16  `json:"tcp_ports"`                 // in order
	ShardSize int       `json:"shard_addresses"`           // at least 1
	Timeout   float64   `json:"timeout_seconds,omitempty"` // for one portal; 0: as the host has it
	ShardTime float64   `json:"shard_seconds"`             // a host that takes longer for a shard is taken out of the job
	Flags     uint64    `json:"security_flags,omitempty"`  // IPsec that portals are asked under at least: see ipsec.Flags
}

// Normalize puts ranges and ports in order and joins ranges that overlap, so that no address
// is in two shards. Where there are more than MaxScanRanges it joins neighbours, too.
func (j *Job) Normalize() {
	slices.Sort(j.Ports)
	j.Ports = slices.Compact(j.Ports)
	slices.SortFunc(j.Ranges, func(a, b Range) int { return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last)) })
	j.Ranges = joinRanges(j.Ranges, Range.overlaps)
	if len(j.Ranges) > MaxScanRanges {
		j.Ranges = joinRanges(j.Ranges, Range.adjoins)
	}
}

// joinRanges makes one of ranges, which are in order, that meet.
func joinRanges(all []Range, meet func(before, r Range) bool) (joined []Range) {
	for _, r := range all {
		n := len(joined)
		switch {
		case n == 0 || !meet(joined[n-1], r):
			joined = append(joined, r)
		case joined[n-1].Last.Less(r.Last):
			joined[n-1].Last = r.Last
		}
	}
	return joined
}

// Encode writes the record.
func (j *Job) Encode() []byte {
	j.Schema, j.Asker = Schema, cutText(j.Asker)
	return encode(j)
}

// DecodeJob reads the record of a job. The error is a *NewerError or a *RecordError.
func DecodeJob(id string, b []byte) (*Job, error) {
	j := new(Job)
	if err := decode(b, j); err != nil {
		return nil, err
	}
	if j.ID != id {
		return nil, &RecordError{"it says that it is of another job"}
	}
	if err := j.Check(); err != nil {
		return nil, err
	}
	return j, nil
}

// Check returns a *RecordError for a job that hosts refuse.
func (j *Job) Check() error {
	if err := checkTexts(j.Asker); err != nil {
		return err
	}
	switch {
	case !isJobID(j.ID):
		return &RecordError{fmt.Sprintf("a job has a name of %d hexadecimal digits in lower case", jobDigits)}
	case len(j.Ports) == 0 || len(j.Ports) > MaxScanPorts || j.Ports[0] == 0 || !ascends(j.Ports, cmp.Compare[uint16]):
		return &RecordError{fmt.Sprintf("a job has 1 to %d TCP ports, in order", MaxScanPorts)}
	case len(j.Ranges) == 0 || len(j.Ranges) > MaxScanRanges:
		return &RecordError{fmt.Sprintf("a job has 1 to %d ranges of addresses", MaxScanRanges)}
	case j.ShardSize < 1 || j.ShardSize > MaxShardPortals/len(j.Ports):
		return &RecordError{fmt.Sprintf("a shard has 1 to %d portals", MaxShardPortals)}
	case !isSpan(j.Timeout, MaxScanTimeout) || j.ShardTime == 0 || !isSpan(j.ShardTime, MaxShardTime):
		return &RecordError{fmt.Sprintf("a portal takes up to %s, and a shard up to %s", MaxScanTimeout, MaxShardTime)}
	}
	if j.Flags != 0 && !ipsec.Flags(j.Flags).Has(ipsec.FlagValid|ipsec.FlagIKE) {
		return &RecordError{"its security flags do not ask for IPsec, and a job may only strengthen"}
	}
	if err := checkFlags(j.Flags); err != nil {
		return err
	}
	return j.checkRanges()
}

func (j *Job) checkRanges() error {
	all := 0
	for i, r := range j.Ranges {
		n, ok := r.count()
		if !ok {
			return &RecordError{"a range of addresses in it is none"}
		}
		if i > 0 && j.Ranges[i-1].Last.Compare(r.First) >= 0 {
			return &RecordError{"its ranges of addresses overlap, or are not in order"}
		}
		if all += n; n > MaxScanPortals || all*len(j.Ports) > MaxScanPortals {
			return &RecordError{fmt.Sprintf("it has more than %d portals", MaxScanPortals)}
		}
	}
	if n := j.Shards(); n > MaxShards {
		return &RecordError{fmt.Sprintf("it has %d shards, more than %d: larger shards make fewer", n, MaxShards)}
	}
	return nil
}

func isSpan(seconds float64, most time.Duration) bool {
	return !math.IsNaN(seconds) && seconds >= 0 && seconds <= most.Seconds()
}

// ascends reports whether each is above the one before.
func ascends[E any](all []E, compare func(a, b E) int) bool {
	for i := 1; i < len(all); i++ {
		if compare(all[i-1], all[i]) >= 0 {
			return false
		}
	}
	return true
}

// Shards returns how many shards a job has that passes Check.
func (j *Job) Shards() (n int) {
	for _, r := range j.Ranges {
		_, shards := j.cut(r)
		n += shards
	}
	return n
}

// cut returns how far behind a multiple of ShardSize a range begins, and how many shards it
// has.
func (j *Job) cut(r Range) (behind, shards int) {
	count, _ := r.count()
	_, low := halves(r.First)
	behind = int(low % uint64(j.ShardSize))
	return behind, (behind + count + j.ShardSize - 1) / j.ShardSize
}

// Shard returns the portals of a shard, counted from 0.
func (j *Job) Shard(shard int) (Shard, bool) {
	for _, r := range j.Ranges {
		behind, n := j.cut(r)
		if shard >= n {
			shard -= n
			continue
		}
		if shard < 0 {
			break
		}
		count, _ := r.count()
		first := r.at(max(shard*j.ShardSize-behind, 0))
		last := r.at(min((shard+1)*j.ShardSize-behind, count) - 1)
		return Shard{Range: Range{first, last}, Ports: j.Ports}, true
	}
	return Shard{}, false
}

// Portals returns how many portals a job has that passes Check.
func (j *Job) Portals() (n int) {
	for _, r := range j.Ranges {
		count, _ := r.count()
		n += count * len(j.Ports)
	}
	return n
}

// A Shard is the part of a job that one host asks.
type Shard struct {
	Range
	Ports []uint16
}

// Count returns how many portals it has.
func (s Shard) Count() int {
	n, _ := s.count()
	return n * len(s.Ports)
}

// At returns a portal of it, counted from 0: all ports of an address before the next one.
func (s Shard) At(i int) netip.AddrPort {
	return netip.AddrPortFrom(s.at(i/len(s.Ports)), s.Ports[i%len(s.Ports)])
}
