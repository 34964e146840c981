package flags

// Refused is the annotation of a verb with a flag that it refuses although it has it.
const Refused = "discover_refused"

// exclusive are pairs of flags that Check refuses to take together, whatever their values.
var exclusive = [][2]string{
	{"source", "initiator-port"},
	{"ipsec", "security-flags"},
	{"via-portal", "rewrite"},
	{"all", "open"},
	{"new-key", "new-key-file"},
}

// Excluding returns the flags that do not go together with one, for a shell that completes.
func Excluding(name string) (others []string) {
	for _, pair := range exclusive {
		switch name {
		case pair[0]:
			others = append(others, pair[1])
		case pair[1]:
			others = append(others, pair[0])
		}
	}
	return others
}
