package registry

import (
	"bytes"
	"context"
	"net/url"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/answer"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
)

// An answerRecord is what an entry keeps of the last answer of its portal, in its
// record. As long as answers have the same digest the records of the targets are neither
// read nor written. A version that does not know the field drops it when it writes the
// entry, and the next answer is merged in full.
type answerRecord struct {
	// Digest is of an answer that the records of the targets say the same as; none: they
	// have to be compared. As long as there is one, the index says what they say.
	Digest []byte `json:"digest,omitempty"`

	// Seen is when the last answer came: its targets, which are those that are not
	// missing, were seen then.
	Seen time.Time `json:"seen"`

	Compared time.Time `json:"compared,omitzero"` // when all records were compared last

	// Merging is the mark of the merging that is writing the records, or was when it
	// stopped.
	Merging string `json:"merging,omitempty"`
}

// maxUncompared is how long a digest is trusted before an answer is compared with the
// records of its targets again: whatever else has changed these does not stay for ever.
const maxUncompared = 24 * time.Hour

// holds reports that the digest can be trusted at a time. After a clock that was set back
// the records are compared, for the times in them.
func (a *answerRecord) holds(now time.Time) bool {
	return a != nil && len(a.Digest) != 0 && !now.Before(a.Seen) && !now.Before(a.Compared) && now.Sub(a.Compared) <= maxUncompared
}

// says reports that the answer of a learning changes nothing of the records of targets.
func (a *answerRecord) says(l *learning) bool {
	return a.holds(l.now) && bytes.Equal(a.Digest, l.digestOf())
}

// digestOf returns the digest of the answer.
func (l *learning) digestOf() []byte {
	if l.digest == nil {
		l.digest = answer.Digest(l.result.Targets, l.result.Address, l.result.Complete)
	}
	return l.digest
}

// A seenRecord is when a portal that is not in the registry answered last: one that was
// never in it, or was removed. The field of its targets is as for an answerRecord.
type seenRecord struct {
	Seen time.Time `json:"seen"`
}

// seenKey returns the key of the seenRecord of a mechanism.
func seenKey(mechanism string) string {
	escaped := url.PathEscape(mechanism)
	if len(rowkey.Seen)+len(escaped) > MaxKeyLen {
		escaped = rowkey.Hashed(escaped)
	}
	return rowkey.Seen + escaped
}

// seen returns what the seenRecord of a mechanism says, and the record. One that is
// damaged says nothing.
func (s *Service) seen(ctx context.Context, mechanism string) (time.Time, Record, error) {
	r, err := s.cfg.Store.Get(ctx, seenKey(mechanism))
	if err != nil || r.Version == 0 {
		return time.Time{}, r, err
	}
	var seen seenRecord
	if decode(r, &seen) != nil {
		return time.Time{}, r, nil
	}
	return seen.Seen, r, nil
}

// uncompared returns the change that has the next answer of the entry that finds targets
// by a mechanism compared with the records of these, for one of them goes that was
// damaged. part is the mechanism in the key of such a record. None: there is no such
// entry.
func (s *Service) uncompared(ctx context.Context, part string) ([]Change, error) {
	for r, err := range s.cfg.Store.List(ctx, rowkey.Portal) {
		if err != nil {
			return nil, err
		}
		var p portalRecord
		if decode(r, &p) != nil {
			continue
		}
		found := p.portal()
		if escaped := url.PathEscape(rowkey.Mechanism(found.Key())); escaped != part && rowkey.Hashed(escaped) != part {
			continue
		}
		if p.Answer == nil || len(p.Answer.Digest) == 0 {
			return nil, nil
		}
		p.Answer.Digest = nil
		return []Change{{Key: r.Key, Version: r.Version, Value: encode(p)}}, nil
	}
	return s.uncomparedISNS(ctx, part)
}

// uncomparedISNS is uncompared for the targets of iSNS servers.
func (s *Service) uncomparedISNS(ctx context.Context, part string) ([]Change, error) {
	for r, err := range s.cfg.Store.List(ctx, rowkey.ISNSServer) {
		if err != nil {
			return nil, err
		}
		var v isnsRecord
		if decode(r, &v) != nil || v.Answer == nil || len(v.Answer.Digest) == 0 {
			continue
		}
		if escaped := url.PathEscape(rowkey.ISNSMechanism(v.server().Address)); escaped != part && rowkey.Hashed(escaped) != part {
			continue
		}
		v.Answer.Digest = nil
		return []Change{{Key: r.Key, Version: r.Version, Value: encode(v)}}, nil
	}
	return nil, nil
}

// keepSeen returns the changes that keep when the targets of an entry were seen, which is
// in its record, for when that goes or becomes another mechanism's.
func (s *Service) keepSeen(ctx context.Context, r Record) ([]Change, error) {
	var p portalRecord
	if decode(r, &p) != nil || p.Answer == nil || p.Answer.Seen.IsZero() {
		return nil, nil
	}
	portal := p.portal()
	mechanism := rowkey.Mechanism(portal.Key())
	any, err := s.hasFound(ctx, mechanism)
	if err != nil || !any {
		return nil, err
	}
	return []Change{{Key: seenKey(mechanism), Version: AnyVersion, Value: encode(seenRecord{p.Answer.Seen})}}, nil
}

// hasFound reports whether there are records of targets by a mechanism.
func (s *Service) hasFound(ctx context.Context, mechanism string) (bool, error) {
	escaped := url.PathEscape(mechanism)
	for _, prefix := range []string{rowkey.Found + escaped + "/", rowkey.LongFoundPrefix(escaped)} {
		for _, err := range s.cfg.Store.List(ctx, prefix) {
			return err == nil, err
		}
	}
	return false, nil
}
