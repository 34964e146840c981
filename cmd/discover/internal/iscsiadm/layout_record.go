package iscsiadm

import "strconv"

// A Found is a discovery record with the nodes that were found by it.
type Found struct {
	Portal Portal
	Nodes  []NodeRecord // sorted
}

// AppendRecord appends the line of a discovery record in the lists of -P 0. An IPv6
// address is not in brackets there.
func AppendRecord(b []byte, p Portal, via Type) []byte {
	b = append(append(b, p.Address...), ':')
	b = append(strconv.AppendUint(b, uint64(p.Port), 10), " via "...)
	return append(append(b, via.String()...), '\n')
}

// AppendRecords appends the list of -P 1: all records and all iSNS servers, with the nodes
// of each, and the other ways of discovery, by which nothing is found here.
func AppendRecords(b []byte, records, servers []Found) []byte {
	b = appendFound(append(b, "SENDTARGETS:\n"...), records)
	b = appendFound(append(b, "iSNS:\n"...), servers)
	return append(b, "STATIC:\n"+noTargets+"FIRMWARE:\n"+noTargets...)
}

const noTargets = "No targets found.\n"

// appendFound appends what was found by one way of discovery.
func appendFound(b []byte, records []Found) []byte {
	if len(records) == 0 {
		b = append(b, noTargets...)
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
	return b
}
