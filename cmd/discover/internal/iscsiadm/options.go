package iscsiadm

import "strings"

// letters is a set of options, by their letters.
type letters [128]bool

// valued are the letters of options that take a value.
const valued = "abcCpPTHiIUkLdrnvotxAm"

// valueless are the letters of those that take none.
const valueless = "RlDVhsSuW"

// longOptions are the options that have a name, in the order in which an ambiguous one
// is explained.
var longOptions = [...]struct {
	name   string
	letter byte
}{
	{"mode", 'm'}, {"portal", 'p'}, {"targetname", 'T'}, {"interface", 'I'}, {"op", 'o'}, {"type", 't'},
	{"name", 'n'}, {"value", 'v'}, {"host", 'H'}, {"sid", 'r'}, {"rescan", 'R'}, {"print", 'P'},
	{"discover", 'D'}, {"login", 'l'}, {"loginall", 'L'}, {"logout", 'u'}, {"logoutall", 'U'}, {"stats", 's'},
	{"killiscsid", 'k'}, {"debug", 'd'}, {"show", 'S'}, {"version", 'V'}, {"help", 'h'}, {"submode", 'C'},
	{"ip", 'a'}, {"packetsize", 'b'}, {"count", 'c'}, {"interval", 'i'}, {"index", 'x'}, {"portal_type", 'A'},
	{"no_wait", 'W'},
}

// modes are the words of -m, with the letters that each mode takes. -W is refused in the
// discovery modes by versions before 2.1.9, and is of no effect here.
var modes = map[string]struct {
	mode    Mode
	name    string // in messages
	letters string
}{
	"discovery":   {Discovery, "discovery", "DSIPdmntplovW"},
	"discoverydb": {DiscoveryDB, "discovery", "DSIPdmntplovW"},
	"node":        {Node, "node", "RsPIdmlSonvupTULW"},
	"session":     {Session, "session", "PiRdrmusonuSv"},
	"host":        {Host, "host", "CHdmPotnvxA"},
	"iface":       {Iface, "iface", "HIdnvmPoCabci"},
	"fw":          {Firmware, "fw", "dmlWnv"},
}

// types are the words of -t.
var types = map[string]Type{"sendtargets": SendTargets, "st": SendTargets, "isns": ISNS, "fw": FirmwareType, "slp": slp}

// operations are the words of -o.
var operations = map[string]Op{
	"new": New, "delete": Delete, "update": Update, "show": Show, "nonpersistent": NonPersistent,
	"apply": otherOp, "applyall": otherOp, "login": otherOp, "logout": otherOp,
}

func contains(set string, letter byte) bool { return strings.IndexByte(set, letter) >= 0 }
