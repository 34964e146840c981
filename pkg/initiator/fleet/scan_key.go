package fleet

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Keys of a sweep that hosts share: a job J is asked for and granted below scan/J/, and each
// host writes what it offers and what it found below host/H/scan/J/.

// Job is the key of a job. It is under the lease of who asks: once it is gone the job has
// ended.
func (k Keys) Job(job string) string { return k.Scan(job) + "job" }

// Scan begins all that is written of a job by others than hosts.
func (k Keys) Scan(job string) string { return k.Scans() + job + "/" }

// Grant is the key by which the leader gives a shard to a host.
func (k Keys) Grant(job string, shard int) string { return k.shard(job, "shard", shard) }

// Done is the key by which the leader says whose results of a shard count.
func (k Keys) Done(job string, shard int) string { return k.shard(job, "done", shard) }

// Read is the key by which who asks says that it has the results of a shard.
func (k Keys) Read(job string, shard int) string { return k.shard(job, "read", shard) }

// Blame is the key that takes a host out of a job.
func (k Keys) Blame(job, host string) string { return k.Scan(job) + "bad/" + host }

// HostScans begins what a host writes of all jobs.
func (k Keys) HostScans(host string) string { return k.Host(host) + "scan/" }

// HostScan begins what a host writes of a job.
func (k Keys) HostScan(host, job string) string { return k.HostScans(host) + job + "/" }

// Offer is the key of what a host offers for a job. Once it is gone the host asks nothing for
// the job any more.
func (k Keys) Offer(host, job string) string { return k.HostScan(host, job) + "offer" }

// Results begins the parts of what a host found in a shard.
func (k Keys) Results(host, job string, shard int) string {
	return fmt.Sprintf("%s%04d/", k.HostScan(host, job), shard)
}

// Result is the key of one part, counted from 0, of what a host found in a shard.
func (k Keys) Result(host, job string, shard, part int) string {
	return fmt.Sprintf("%s%04d", k.Results(host, job, shard), part)
}

// Delivered is the key that a host writes when all parts of a shard are there.
func (k Keys) Delivered(host, job string, shard int) string {
	return k.Results(host, job, shard) + "done"
}

func (k Keys) shard(job, what string, shard int) string {
	return fmt.Sprintf("%s%s/%04d", k.Scan(job), what, shard)
}

// jobDigits is how many hexadecimal digits a job has.
const jobDigits = 16

// NewJobID returns the name of a new job.
func NewJobID() string {
	var b [jobDigits / 2]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return hex.EncodeToString(b[:])
}

func isJobID(s string) bool { return isHex(s, jobDigits) }

// isHex reports n hexadecimal digits in lower case.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// parseScan reads a key below scan/.
func parseScan(parts []string) Key {
	read := Key{Job: parts[1]}
	if !isJobID(read.Job) {
		return Key{}
	}
	switch {
	case len(parts) == 3 && parts[2] == "job":
		read.Kind = KindJob
	case len(parts) == 4 && parts[2] == "bad" && CheckHost(parts[3]) == nil:
		read.Kind, read.Host = KindBlame, parts[3]
	case len(parts) == 4:
		kind := map[string]Kind{"shard": KindGrant, "done": KindDone, "read": KindRead}[parts[2]]
		if kind != Foreign && read.setShard(parts[3]) {
			read.Kind = kind
		}
	}
	return read
}

// parseHostScan reads a key below host/H/scan/.
func parseHostScan(parts []string) Key {
	read := Key{Host: parts[1], Job: parts[3]}
	switch {
	case !isJobID(read.Job):
	case len(parts) == 5 && parts[4] == "offer":
		read.Kind = KindOffer
	case len(parts) == 6 && !read.setShard(parts[4]):
	case len(parts) == 6 && parts[5] == "done":
		read.Kind = KindDelivery
	case len(parts) == 6:
		n, err := strconv.ParseUint(parts[5], 10, 16)
		if err == nil && n < MaxParts {
			read.Kind, read.Part = KindResult, int(n)
		}
	}
	return read
}

func (k *Key) setShard(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	k.Shard = int(n)
	return err == nil && n < MaxShards
}

// scanKey is the key of a shared sweep that was read.
func (k Keys) scanKey(read Key) string {
	switch read.Kind {
	case KindJob:
		return k.Job(read.Job)
	case KindGrant:
		return k.Grant(read.Job, read.Shard)
	case KindDone:
		return k.Done(read.Job, read.Shard)
	case KindRead:
		return k.Read(read.Job, read.Shard)
	case KindBlame:
		return k.Blame(read.Job, read.Host)
	case KindOffer:
		return k.Offer(read.Host, read.Job)
	case KindDelivery:
		return k.Delivered(read.Host, read.Job, read.Shard)
	case KindResult:
		return k.Result(read.Host, read.Job, read.Shard, read.Part)
	}
	return ""
}
