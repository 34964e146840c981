package iscsiadm

// The exit statuses of iscsiadm that a discovery can end with.
const (
	ExitOK        = 0
	ExitFailed    = 1  // interrupted, or a failure that has no status of its own
	ExitResolve   = 4  // the host name has no address
	ExitStore     = 6  // the registry cannot be used, or has no such record
	ExitUsage     = 7  // the command line, a key or a value
	ExitTimeout   = 11 // the portal did not answer, or not as a target does
	ExitTransport = 12 // another transport than tcp
	ExitLogin     = 19 // the login failed for good
	ExitNothing   = 21 // nothing was found
	ExitRefused   = 24 // the target refused our credentials
	ExitElsewhere = 27 // the real program does it
)
