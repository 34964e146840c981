package iscsiadm

import "strconv"

// A Found is a discovery record with the nodes that were found by it.
type Found struct {
	Portal Portal
	Nodes  []NodeRecord // sorted
}

// AppendRecord appends the line of a discovery record in the lists of -P 0. An IPv6
// address is not in brackets there.
func AppendRecord(b []byte, p Portal) []byte {
	b = append(append(b, p.Address...), ':')
	return append(strconv.AppendUint(b, uint64(p.Port), 10), " via sendtargets\n"...)
}

// AppendRecords appends the list of -P 1: all records, with the nodes of each, and the
// other ways of discovery, by which nothing is found here.
func AppendRecords(b []byte, records []Found) []byte {
	const none = "No targets found.\n"
	b = append(b, "SENDTARGETS:\n"...)
	if len(records) == 0 {
		b = append(b, none...)
	}
	for i := range records {
		r := &records[i]
		b = append(append(append(b, "DiscoveryAddress: "...), r.Portal.Address...), ',')
		b = append(strconv.AppendUint(b, uint64(r.Portal.Port), 10), '\n')
		var tree Tree
		for k := range r.Nodes {
			b = tree.Append(b, &r.Nodes[k])
		}
	}
	return append(b, "iSNS:\n"+none+"STATIC:\n"+none+"FIRMWARE:\n"+none...)
}
