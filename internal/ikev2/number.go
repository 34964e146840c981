package ikev2

// Types of exchanges (RFC 7296, section 3.1).
const (
	exchangeInit          uint8 = 34
	exchangeAuth          uint8 = 35
	exchangeCreateChild   uint8 = 36
	exchangeInformational uint8 = 37
)

// Flags of the header.
const (
	flagInitiator uint8 = 0x08 // the sender is the original initiator of the IKE security association
	flagResponse  uint8 = 0x20
)

// Types of payloads (RFC 7296, section 3.2).
const (
	payloadSA        uint8 = 33
	payloadKE        uint8 = 34
	payloadIDi       uint8 = 35
	payloadIDr       uint8 = 36
	payloadAuth      uint8 = 39
	payloadNonce     uint8 = 40
	payloadNotify    uint8 = 41
	payloadDelete    uint8 = 42
	payloadTSi       uint8 = 44
	payloadTSr       uint8 = 45
	payloadEncrypted uint8 = 46

	firstPayload = payloadSA // the types of RFC 7296 are 33 to 48
	lastPayload  = 48
)

// Protocols of proposals, notifies and deletes (RFC 7296, section 3.3.1).
const (
	protocolNone uint8 = 0
	protocolIKE  uint8 = 1
	protocolESP  uint8 = 3
)

// Types of transforms (RFC 7296, section 3.3.2).
const (
	transformEncryption uint8 = 1
	transformPRF        uint8 = 2
	transformIntegrity  uint8 = 3
	transformGroup      uint8 = 4
	transformESN        uint8 = 5
)

// attributeKeyLen is the only attribute of a transform, with the bit that says that its
// value follows (RFC 7296, section 3.3.5).
const attributeKeyLen uint16 = 0x8000 | 14

// Types of notifies (RFC 7296, section 3.10.1). Those below notifyStatus are errors.
const (
	notifyUnsupportedCritical uint16 = 1
	notifyInvalidMajorVersion uint16 = 5
	notifyInvalidSyntax       uint16 = 7
	notifyNoProposalChosen    uint16 = 14
	notifyInvalidKE           uint16 = 17
	notifyAuthFailed          uint16 = 24
	notifyNoAdditionalSAs     uint16 = 35
	notifyTSUnacceptable      uint16 = 38
	notifyTemporaryFailure    uint16 = 43
	notifyChildNotFound       uint16 = 44

	notifyStatus           uint16 = 16384
	notifyNATSource        uint16 = 16388
	notifyNATDestination   uint16 = 16389
	notifyCookie           uint16 = 16390
	notifyUseTransportMode uint16 = 16391
	notifyRekeySA          uint16 = 16393
)

// authSharedKey is the method of an AUTH payload (RFC 7296, section 3.8).
const authSharedKey uint8 = 2

// Limits of what the peer says.
const (
	maxProposals  = 64  // in a request
	maxTransforms = 255 // in a proposal of a request
	maxSelectors  = 16
	maxCookieLen  = 64 // bytes
	maxCookies    = 4  // in an exchange
	minNonceLen   = 16 // bytes (RFC 7296, section 3.9)
	maxNonceLen   = 256
	maxSPIs       = 64 // in a Delete payload
	maxReplaced   = 4  // associations of a child, or of IKE, that the peer has replaced and that have not ended
)
