package target

// The codes that a Parser passes to Warning.
const (
	WarnTargetName    = "invalid-target-name" // harmful: the target was left out
	WarnUnusualName   = "unusual-target-name" // harmless, and no iSCSI name
	WarnTargetAddress = "invalid-target-address"
	WarnTargetAlias   = "invalid-target-alias"
	WarnNoAddress     = "no-valid-address" // of a target, which is listed at the address in use
	WarnWildcard      = "wildcard-address" // 0.0.0.0 or [::], which became the address in use
	WarnUnusable      = "unusable-address" // to which no connection from this host is possible
	WarnUnknownKey    = "unknown-key"      // in a SendTargets answer
)
