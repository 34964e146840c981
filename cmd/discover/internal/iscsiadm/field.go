package iscsiadm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// A field is one line of a discovery record.
type field struct {
	name     string
	kind     fieldKind
	standard string   // its value where nothing says another
	words    []string // that a fieldWord can be
}

// A fieldKind is what can be in a field.
type fieldKind int

const (
	fieldLookup     fieldKind = iota // part of the key: it is never changed
	fieldText                        // any text
	fieldSecret                      // any bytes, never shown unasked
	fieldWord                        // one of a list
	fieldNumber                      // at least 0
	fieldSigned                      // of 32 bits
	fieldAlgorithms                  // names of hashes
)

// Names of fields that mean something to us.
const (
	keyType       = "discovery.type"
	keyAddress    = "discovery.sendtargets.address"
	keyPort       = "discovery.sendtargets.port"
	keyUser       = "discovery.sendtargets.auth.username"
	keyPassword   = "discovery.sendtargets.auth.password"
	keyUserIn     = "discovery.sendtargets.auth.username_in"
	keyPasswordIn = "discovery.sendtargets.auth.password_in"
	keyAlgorithms = "node.session.auth.chap_algs"
	keyLogin      = "discovery.sendtargets.timeo.login_timeout"
	keyReopen     = "discovery.sendtargets.reopen_max"
	keyActive     = "discovery.sendtargets.timeo.active_timeout"
)

// startupField is the first line of each discovery record.
var startupField = field{name: "discovery.startup", kind: fieldWord, standard: "manual", words: []string{"manual", "automatic"}}

// recordFields are the lines of the record of a portal, in the order in which iscsiadm
// prints them.
var recordFields = []field{
	startupField,
	{name: keyType, standard: "sendtargets"},
	{name: keyAddress},
	{name: keyPort},
	{name: "discovery.sendtargets.auth.authmethod", kind: fieldWord, standard: "None", words: []string{"None", "CHAP"}},
	{name: keyUser, kind: fieldText},
	{name: keyPassword, kind: fieldSecret},
	{name: keyUserIn, kind: fieldText},
	{name: keyPasswordIn, kind: fieldSecret},
	{name: keyAlgorithms, kind: fieldAlgorithms, standard: "MD5"},
	{name: keyLogin, kind: fieldNumber, standard: "15"},
	{name: "discovery.sendtargets.use_discoveryd", kind: fieldWord, standard: "No", words: []string{"No", "Yes"}},
	{name: "discovery.sendtargets.discoveryd_poll_inval", kind: fieldNumber, standard: "30"},
	{name: keyReopen, kind: fieldNumber, standard: "5"},
	{name: "discovery.sendtargets.timeo.auth_timeout", kind: fieldNumber, standard: "45"},
	{name: keyActive, kind: fieldNumber, standard: "30"},
	{name: "discovery.sendtargets.iscsi.MaxRecvDataSegmentLength", kind: fieldNumber, standard: "32768"},
}

// isnsFields are the lines of the record of an iSNS server. Its address has the names that
// it has in the record of a portal: iscsiadm writes it so.
var isnsFields = []field{
	startupField,
	{name: keyType, standard: "isns"},
	{name: keyAddress},
	{name: keyPort},
	{name: "discovery.isns.use_discoveryd", kind: fieldWord, standard: "No", words: []string{"No", "Yes"}},
	{name: "discovery.isns.discoveryd_poll_inval", kind: fieldSigned, standard: "-1"},
}

// fields are the lines of a record of a type.
func (t Type) fields() []field {
	if t == ISNS {
		return isnsFields
	}
	return recordFields
}

// fieldOf returns the field of a name in records of a type; nil: there is none.
func fieldOf(t Type, name string) *field {
	all := t.fields()
	i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// A fieldValue is what is in a field: text, or a secret, or a reference to one.
type fieldValue struct {
	text   string
	secret auth.Secret
	ref    string
}

func (v fieldValue) isZero() bool { return v.text == "" && v.secret.IsZero() && v.ref == "" }

// maxCHAPLen is how long a name or a secret of CHAP is at most, in bytes.
const maxCHAPLen = 255

// parse reads a value, and returns what to tell of it besides. Its error says nothing of
// a secret.
func (f *field) parse(s string) (v fieldValue, tell notes, err error) {
	long := (f.kind == fieldText || f.kind == fieldSecret) && len(s) > maxCHAPLen
	switch {
	case breaksLine(s):
		return v, nil, &UsageError{Text: "the value for " + f.name + " has control characters"}
	case f.kind != fieldSecret && !utf8.ValidString(s):
		return v, nil, &UsageError{Text: "the value for " + f.name + " is not valid UTF-8"}
	case long:
		return v, nil, &UsageError{Text: fmt.Sprintf("the value for %s is longer than %d bytes", f.name, maxCHAPLen)}
	}
	switch f.kind {
	case fieldSecret:
		return fieldValue{secret: auth.NewSecret([]byte(s))}, nil, nil
	case fieldAlgorithms:
		s, tell = algorithmList(s)
		return fieldValue{text: s}, tell, nil
	case fieldWord:
		if !slices.Contains(f.words, s) {
			return v, nil, &UsageError{Text: f.unknown(s)}
		}
	case fieldNumber:
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil {
			return v, nil, &UsageError{Text: f.unknown(s)}
		}
		s = strconv.FormatUint(n, 10)
	case fieldSigned:
		n, err := strconv.ParseInt(s, 10, 32)
		if err != nil {
			return v, nil, &UsageError{Text: f.unknown(s)}
		}
		s = strconv.FormatInt(n, 10)
	}
	return fieldValue{text: s}, nil, nil
}

// unknown is what iscsiadm says of a value.
func (f *field) unknown(s string) string {
	return fmt.Sprintf("unknown value format '%s' for parameter name '%s'", shown(s), f.name)
}

// hashes are the algorithms of CHAP by the names that open-iscsi has for them.
var hashes = map[string]auth.Algorithm{"MD5": auth.MD5, "SHA1": auth.SHA1, "SHA256": auth.SHA256, "SHA3-256": auth.SHA3_256}

// algorithmList returns the names in a list that are known, each once; MD5 where none is.
func algorithmList(s string) (list string, tell notes) {
	var known []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimFunc(name, blank)
		switch {
		case name == "":
		case hashes[name] == 0:
			tell.add("Ignoring unknown value '%s' for '%s'", shown(name), keyAlgorithms)
		case slices.Contains(known, name):
			tell.add("Ignoring repeated value '%s' for '%s'", name, keyAlgorithms)
		default:
			known = append(known, name)
		}
	}
	if len(known) == 0 {
		known = []string{"MD5"}
	}
	return strings.Join(known, ","), tell
}
