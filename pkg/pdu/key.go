package pdu

// The keys of login and of text negotiation, as the RFC spells them (RFC 7143,
// sections 12 and 13).
const (
	KeyAuthMethod               = "AuthMethod"
	KeyCHAPResponse             = "CHAP_R"
	KeyDataDigest               = "DataDigest"
	KeyDefaultTime2Retain       = "DefaultTime2Retain"
	KeyDefaultTime2Wait         = "DefaultTime2Wait"
	KeyErrorRecoveryLevel       = "ErrorRecoveryLevel"
	KeyHeaderDigest             = "HeaderDigest"
	KeyInitiatorAlias           = "InitiatorAlias"
	KeyInitiatorName            = "InitiatorName"
	KeyMaxConnections           = "MaxConnections"
	KeyMaxRecvDataSegmentLength = "MaxRecvDataSegmentLength"
	KeySendTargets              = "SendTargets"
	KeySessionType              = "SessionType"
	KeyTargetAddress            = "TargetAddress"
	KeyTargetAlias              = "TargetAlias"
	KeyTargetName               = "TargetName"
	KeyTargetPortalGroupTag     = "TargetPortalGroupTag"
)

// Values with a meaning of their own in negotiation (RFC 7143, section 6.2).
const (
	ValueIrrelevant    = "Irrelevant"
	ValueNone          = "None"
	ValueNotUnderstood = "NotUnderstood"
	ValueReject        = "Reject"
)
