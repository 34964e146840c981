package machine

// The words of --ipsec-enforcer.
const (
	EnforcerAuto       = "auto"
	EnforcerUserspace  = "userspace"
	EnforcerStrongswan = "strongswan"
	EnforcerXFRM       = "xfrm"
)

// Enforcers are the words for what this build has.
var Enforcers = []string{EnforcerAuto, EnforcerStrongswan, EnforcerXFRM}
