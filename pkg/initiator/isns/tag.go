package isns

import (
	"fmt"
	"strings"
)

// A Tag says what an attribute is (RFC 4171, section 6.1).
type Tag uint32

// The attributes that this package reads or writes, with the lengths of their values in
// bytes: text has up to 256, with its NUL and padding.
const (
	TagDelimiter Tag = 0 // between the message key and the operating attributes; no value

	TagEntityID       Tag = 1 // text
	TagEntityProtocol Tag = 2 // 4; ProtocolISCSI
	TagTimestamp      Tag = 4 // 8; seconds since 1970
	TagRegPeriod      Tag = 6 // 4; seconds

	TagPortalAddress  Tag = 16 // 16
	TagPortalPort     Tag = 17 // 4
	TagPortalName     Tag = 18 // text: the Portal Symbolic Name
	TagESIInterval    Tag = 19 // 4; seconds
	TagESIPort        Tag = 20 // 4
	TagSCNPort        Tag = 23 // 4
	TagPortalSecurity Tag = 27 // 4; the Portal Security Bitmap

	TagISCSIName Tag = 32 // text of up to 224
	TagNodeType  Tag = 33 // 4; NodeType
	TagAlias     Tag = 34 // text
	TagSCNBitmap Tag = 35 // 4; SCNBitmap
	TagNodeIndex Tag = 36 // 4

	TagPGName    Tag = 48 // text of up to 224
	TagPGAddress Tag = 49 // 16
	TagPGPort    Tag = 50 // 4
	TagPGTag     Tag = 51 // 4, or none: the portal gives no access to the node
	TagPGIndex   Tag = 52 // 4

	TagDDSetID  Tag = 2049 // 4
	TagDDID     Tag = 2065 // 4
	TagDDName   Tag = 2066 // text: the DD Symbolic Name
	TagDDMember Tag = 2068 // text of up to 224: the iSCSI name of a member
)

// ProtocolISCSI is the Entity Protocol of iSCSI (RFC 4171, section 6.2.2).
const ProtocolISCSI = 2

// String returns the name of RFC 4171 for the attribute, in lower case but for
// abbreviations; the number where there is none here.
func (t Tag) String() string {
	if name := t.name(); name != "" {
		return name
	}
	return fmt.Sprintf("attribute %d", uint32(t))
}

func (t Tag) name() string {
	switch t {
	case TagDelimiter:
		return "delimiter"
	case TagEntityID:
		return "entity identifier"
	case TagEntityProtocol:
		return "entity protocol"
	case TagTimestamp:
		return "timestamp"
	case TagRegPeriod:
		return "registration period"
	case TagPortalAddress:
		return "portal IP address"
	case TagPortalPort:
		return "portal TCP/UDP port"
	case TagPortalName:
		return "portal symbolic name"
	case TagESIInterval:
		return "ESI interval"
	case TagESIPort:
		return "ESI port"
	case TagSCNPort:
		return "SCN port"
	case TagPortalSecurity:
		return "portal security bitmap"
	case TagISCSIName:
		return "iSCSI name"
	case TagNodeType:
		return "iSCSI node type"
	case TagAlias:
		return "iSCSI alias"
	case TagSCNBitmap:
		return "iSCSI SCN bitmap"
	case TagNodeIndex:
		return "iSCSI node index"
	}
	return t.groupName()
}

// groupName is name for portal groups and discovery domains.
func (t Tag) groupName() string {
	switch t {
	case TagPGName:
		return "PG iSCSI name"
	case TagPGAddress:
		return "PG portal IP address"
	case TagPGPort:
		return "PG portal TCP/UDP port"
	case TagPGTag:
		return "PG tag"
	case TagPGIndex:
		return "PG index"
	case TagDDSetID:
		return "DD set ID"
	case TagDDID:
		return "DD ID"
	case TagDDName:
		return "DD symbolic name"
	case TagDDMember:
		return "DD member iSCSI name"
	}
	return ""
}

// A NodeType says what a node is (RFC 4171, section 6.4.2). Several bits may be set.
type NodeType uint32

// The types.
const (
	Target    NodeType = 1
	Initiator NodeType = 2
	Control   NodeType = 4
)

// String returns the types, with a plus between them.
func (n NodeType) String() string {
	var words []string
	for i, w := range [...]string{"target", "initiator", "control"} {
		if n&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return "of no type"
	}
	return strings.Join(words, "+")
}
