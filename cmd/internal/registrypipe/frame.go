package registrypipe

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// maxFrame bounds a message in bytes: an Apply of the most that a Store of etcd takes, in
// base64, with its keys.
const maxFrame = 4 * registry.MaxRecordLen

// What a request is for.
const (
	opGet    = "get"
	opOpen   = "open"  // a list
	opNext   = "next"  // page of the list that the request Of opened
	opClose  = "close" // that list
	opApply  = "apply"
	opCancel = "cancel" // the request Of; it has no answer of its own
)

// A request is a call of a Store.
type request struct {
	ID      uint64   `json:"id"`
	Op      string   `json:"op"`
	Of      uint64   `json:"of,omitempty"` // an earlier request
	Key     []byte   `json:"key,omitempty"`
	Changes []change `json:"changes,omitempty"`
}

// A change is a registry.Change whose key may be any bytes, which a string of JSON is not.
type change struct {
	Key     []byte `json:"key"`
	Version uint64 `json:"version"`
	Value   []byte `json:"value"`
	Delete  bool   `json:"delete,omitempty"`
}

// A record is a registry.Record, likewise.
type record struct {
	Key     []byte `json:"key"`
	Version uint64 `json:"version"`
	Value   []byte `json:"value"`
}

func wireChanges(changes []registry.Change) []change {
	wire := make([]change, len(changes))
	for i, c := range changes {
		wire[i] = change{[]byte(c.Key), c.Version, c.Value, c.Delete}
	}
	return wire
}

func storeChanges(wire []change) []registry.Change {
	changes := make([]registry.Change, len(wire))
	for i, c := range wire {
		changes[i] = registry.Change{Key: string(c.Key), Version: c.Version, Value: c.Value, Delete: c.Delete}
	}
	return changes
}

func wireRecord(r registry.Record) record { return record{[]byte(r.Key), r.Version, r.Value} }

func (r *record) stored() registry.Record {
	return registry.Record{Key: string(r.Key), Version: r.Version, Value: r.Value}
}

// An answer is what came of it. The first answer, of no request, is a greeting.
type answer struct {
	ID      uint64   `json:"id"`
	Records []record `json:"records,omitempty"`
	More    bool     `json:"more,omitempty"` // the list goes on
	Err     *failure `json:"error,omitempty"`

	Version int    `json:"version,omitempty"` // of a greeting: protocolVersion
	Most    [2]int `json:"limits,omitzero"`   // of a greeting: what Limits returns
}

// protocolVersion is compared at the start: both programs have to be of one release.
const protocolVersion = 1

// writeFrame writes a message: its length in four bytes, and JSON. The caller writes one at
// a time.
func writeFrame(w io.Writer, message any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(body) > maxFrame {
		return fmt.Errorf("a message of %d bytes, more than %d", len(body), maxFrame)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body))), body...))
	return err
}

// readFrame reads a message.
func readFrame(r io.Reader, message any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("a message of %d bytes, more than %d", n, maxFrame)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	return json.Unmarshal(body, message)
}
