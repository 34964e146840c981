package iscsicli

import "strings"

// An Argument is one that a verb takes, for a shell that completes.
type Argument struct {
	Name  string
	Words []string // values that it may have, with what they mean after a tab
	Star  bool     // it need not be specified: * is a value
}

// wordsOf returns the values of an argument that has few.
func wordsOf(name string) []string {
	switch name {
	case "Port":
		return []string{"3260"}
	case "PortalPort":
		return []string{"3260"}
	case "SecurityFlags":
		return []string{"0\tnot valid", "0x3\tvalid, IKE/IPsec", "0x27\tvalid, IKE/IPsec, main mode, transport mode", "0x37\tthe same with PFS", "0x47\tvalid, IKE/IPsec, main mode, tunnel mode", "0x57\tthe same with PFS"}
	case "LoginFlags":
		return []string{"0\tnone", "1\trequire IPsec", "2\tmultipath", "3\trequire IPsec, multipath"}
	case "HeaderDigest":
		return []string{"0\tnone", "1\tCRC32C"}
	case "DataDigest":
		return []string{"0\tnone", "1\tCRC32C"}
	case "User":
		return []string{"-\tempty"}
	case "Username":
		return []string{"-\tempty"}
	case "AuthenticationType":
		return []string{"0\tnone", "1\tCHAP", "2\tmutual CHAP"}
	case "ForceUpdate":
		return []string{"T\task all portals first", "F\tdo not"}
	case "Persist":
		return []string{"T\tstore it", "F\tonly for this command"}
	case "IdType":
		return []string{"1\tIPv4 address", "2\tdomain name", "3\tuser@domain", "5\tIPv6 address"}
	case "TargetFlags":
		return []string{"0\tnone", "2\thide until it is found", "4\tmerge with what is known", "6\tboth"}
	case "MappingCount":
		return []string{"0\tno mappings"}
	}
	return nil
}

// Argument returns the argument of the verb at index i; false: it takes none there.
func (v *Verb) Argument(i int) (Argument, bool) {
	if v.Instead != "" || i >= len(v.params) && v.repeat == 0 {
		return Argument{}, false
	}
	p := v.param(i)
	return Argument{p.name, wordsOf(p.name), strings.Contains(p.values, "; * ") || strings.Contains(p.values, "(or *)")}, true
}
