package iscsiadm

import (
	"slices"
	"strings"
)

// A Place is where the word stands that a shell completes.
type Place struct {
	Words  []string // what may stand there, with what it means after a tab
	Portal bool     // a portal may
	Server bool     // an iSNS server may
	Iface  bool     // the name of an iface may
}

// described are the options that are offered, in the order of the manual: those of discovery.
var described = []struct {
	letter byte
	name   string
	about  string
	modes  string // d discovery, D discoverydb, n node
}{
	{'t', "type", "sendtargets (st) or isns", "dD"},
	{'p', "portal", "the portal or iSNS server, ADDRESS[:PORT]", "dD"},
	{'I', "interface", "an iface to ask from", "dD"},
	{'o', "op", "what to do with records", "dD"},
	{'n', "name", "a field of the record", "D"},
	{'v', "value", "the value of the field", "D"},
	{'D', "discover", "ask the portal or server of the record", "D"},
	{'P', "print", "0: a line each, 1: a tree", "dDn"},
}

// modeLetter returns a mode as described has it; empty: its options are not offered.
func modeLetter(mode string) string {
	switch mode {
	case "discovery":
		return "d"
	case "discoverydb":
		return "D"
	case "node":
		return "n"
	}
	return ""
}

// Complete returns what may stand behind args, which are the words before.
func Complete(args []string, word string) (p Place) {
	given := options(args)
	value := func(letter byte) string {
		for _, o := range given {
			if o.letter == letter {
				return o.value
			}
		}
		return ""
	}
	if letter := waiting(args); letter != 0 {
		t, known := types[value('t')]
		if !known {
			t = SendTargets
		}
		return values(letter, value('m'), t, value('n'))
	}
	mode := modeLetter(value('m'))
	add := func(letter byte, name, about string) {
		if strings.HasPrefix(word, "--") {
			p.Words = append(p.Words, "--"+name+"\t"+about)
		} else {
			p.Words = append(p.Words, "-"+string(letter)+"\t"+about)
		}
	}
	switch {
	case value('m') == "":
		add('m', "mode", "discovery, discoverydb, node or iface")
	case mode != "":
		for _, o := range described {
			there := slices.ContainsFunc(given, func(g option) bool { return g.letter == o.letter })
			if strings.Contains(o.modes, mode) && (!there || contains("Inv", o.letter)) {
				add(o.letter, o.name, o.about)
			}
		}
	}
	return p
}

// waiting returns the letter of the option at the end of args whose value comes next; 0: there
// is none.
func waiting(args []string) byte {
	if len(args) == 0 {
		return 0
	}
	if len(args) > 1 && waiting(args[:len(args)-1]) != 0 {
		return 0 // it is a value itself
	}
	switch last := args[len(args)-1]; {
	case strings.HasPrefix(last, "--") && !strings.Contains(last, "="):
		if letter, long := findLong(last[2:]); len(long) == 1 && contains(valued, letter) {
			return letter
		}
	case len(last) == 2 && last[0] == '-' && contains(valued, last[1]):
		return last[1]
	}
	return 0
}

// values returns what an option takes in a mode, for a type of discovery. name is the field
// whose value -v is.
func values(letter byte, mode string, t Type, name string) (p Place) {
	switch letter {
	case 'm':
		p.Words = []string{"discovery\task a portal", "discoverydb\tthe records of portals", "node\tlist what was found", "iface\tlist the ifaces"}
	case 't':
		p.Words = []string{"sendtargets\task a portal", "st\tsendtargets", "isns\task an iSNS server"}
	case 'p':
		p.Portal, p.Server = t != ISNS, t == ISNS
	case 'I':
		p.Iface = true
	case 'P':
		p.Words = []string{"0", "1"}
	case 'o':
		p.Words = []string{"new", "show", "update", "delete"}
		if mode == "discovery" {
			p.Words = []string{"nonpersistent", "new", "update", "delete"}
		}
	case 'n':
		for _, f := range t.fields() {
			if f.kind != fieldLookup {
				p.Words = append(p.Words, f.name)
			}
		}
	case 'v':
		if f := fieldOf(t, name); f != nil && f.kind == fieldWord {
			p.Words = f.words
		}
	}
	return p
}
