package registry

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// maxRecordFormat is the newest format of an entry that this version reads.
//
// Format 1 has no number in it. It is written wherever it says all that an entry
// has, so that older versions go on reading such entries. Formats 2 to 4 are for
// entries with options that the format before does not have: a version that passes
// over fields it does not know would ask those portals without them.
const maxRecordFormat = 4

// Versions that know no formats read "added" as a time. Formats above 1 have this
// text there instead, which ends up in the error of such a version, and the time
// in "added_at".
const formatMark = "record format %d: use a newer version of discover"

// format returns the lowest format that says all of r.
func (r *portalRecord) format() int {
	if ipsec.IKEVersion(r.IKE) > ipsec.IKEv1 {
		return 4
	}
	if r.PeerID != "" || r.Proposals != "" {
		return 3
	}
	if l := &r.Login; l.RedirectNames || l.ShortSecrets || l.CHAPPolicy != 0 {
		return 2
	}
	return 1
}

// recordFields are the fields of a portalRecord without its methods.
type recordFields portalRecord

// A markedRecord is an entry in a format above 1.
type markedRecord struct {
	Format int `json:"format"`
	*recordFields
	Added   string    `json:"added"` // in the place of the field of recordFields
	AddedAt time.Time `json:"added_at"`
}

// MarshalJSON writes the entry in the lowest format that says all of it.
func (r portalRecord) MarshalJSON() ([]byte, error) {
	format := r.format()
	if format == 1 {
		return json.Marshal((*recordFields)(&r))
	}
	return json.Marshal(markedRecord{format, (*recordFields)(&r), fmt.Sprintf(formatMark, format), r.Added})
}

// UnmarshalJSON reads an entry. Of a newer format nothing but the number is read,
// and the error is a *RecordFormatError.
func (r *portalRecord) UnmarshalJSON(b []byte) error {
	numbered, err := checkFormat(b, 2, maxRecordFormat)
	if err != nil {
		return err
	}
	if !numbered {
		return json.Unmarshal(b, (*recordFields)(r))
	}
	marked := markedRecord{recordFields: (*recordFields)(r)}
	if err := json.Unmarshal(b, &marked); err != nil {
		return err
	}
	r.Added = marked.AddedAt
	return nil
}

// checkFormat reports whether a record has the number of a format, which is an error
// where that is less than lowest, and a *RecordFormatError where it is above known.
func checkFormat(b []byte, lowest, known uint64) (numbered bool, err error) {
	var head struct {
		Format json.RawMessage `json:"format"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Format == nil {
		return false, err
	}
	format, err := strconv.ParseUint(string(head.Format), 10, 64)
	switch {
	case err != nil || format < lowest:
		return true, fmt.Errorf("its record format is not a number of at least %d", lowest)
	case format > known:
		return true, &RecordFormatError{Format: format, Known: known}
	}
	return true, nil
}

// A RecordFormatError is an entry of the registry that was written by a newer
// version of this library, with options that this version would not carry out. The
// entry is left as it is.
type RecordFormatError struct {
	Format uint64 // that the entry needs
	Known  uint64 // the newest that this version reads
}

func (e *RecordFormatError) Error() string {
	return fmt.Sprintf("this entry needs record format %d, and this version of discover knows %d: use a newer version", e.Format, e.Known)
}

// ISDSC returns the number of the reference API for initiator.Code.
func (e *RecordFormatError) ISDSC() uint32 { return isdsc.RequestNotSupported }
