package ikev1

// The types of payloads (RFC 2408, section 3.1; RFC 3947).
const (
	payloadSA        uint8 = 1
	payloadProposal  uint8 = 2
	payloadTransform uint8 = 3
	payloadKE        uint8 = 4
	payloadID        uint8 = 5
	payloadHash      uint8 = 8
	payloadNonce     uint8 = 10
	payloadNotify    uint8 = 11
	payloadDelete    uint8 = 12
	payloadVendor    uint8 = 13
	payloadNATD      uint8 = 20
	payloadNATOA     uint8 = 21
)

// The exchanges (RFC 2408, section 3.1; RFC 2409, appendix A).
const (
	exchangeMain          uint8 = 2
	exchangeAggressive    uint8 = 4
	exchangeInformational uint8 = 5
	exchangeQuick         uint8 = 32
)

// flagEncrypted says that what follows the header is encrypted.
const flagEncrypted uint8 = 1

// The protocols (RFC 2407, section 4.4.1).
const (
	protocolISAKMP uint8 = 1
	protocolESP    uint8 = 3
)

// protocolTCP is TCP's number in an IP header.
const protocolTCP uint8 = 6

// doiIPsec is the domain of interpretation, identityOnly the situation (RFC 2407, section
// 4.2).
const (
	doiIPsec     uint32 = 1
	identityOnly uint32 = 1
)

// The notifies that are looked at (RFC 2408, section 3.14.1; RFC 2407, section 4.6.3; RFC
// 3706).
const (
	notifyInvalidPayload    uint16 = 1
	notifyInvalidVersion    uint16 = 5
	notifyInvalidExchange   uint16 = 7
	notifyNoProposal        uint16 = 14
	notifyBadSyntax         uint16 = 15
	notifyPayloadMalformed  uint16 = 16
	notifyInvalidID         uint16 = 18
	notifyInvalidHash       uint16 = 23
	notifyAuthFailed        uint16 = 24
	notifyUnsupported       uint16 = 29
	notifyUnequalLengths    uint16 = 30
	notifyFirstStatus       uint16 = 16384
	notifyResponderLifetime uint16 = 24576
	notifyAreYouThere       uint16 = 36136
	notifyAreYouThereAnswer uint16 = 36137
)

// The vendor IDs that are sent. Each says that its sender can do what the RFC is about.
var (
	vendorNATT = []byte{0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45, 0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f} // RFC 3947
	vendorDPD  = []byte{0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 0x01, 0x00} // RFC 3706
)

// Limits of what the peer sends.
const (
	maxVendors    = 16
	maxAttributes = 16
	maxNATD       = 8
	maxProposals  = 16 // in an offer of the peer's
	maxTransforms = 32 // in a proposal of an offer of the peer's
	maxSPIs       = 64 // in one Delete
	minNonce      = 8
	maxNonce      = 256
)

// nonceLen is the length of our nonces in bytes.
const nonceLen = 32
