package auto

import "github.com/go-iscsi/discovery/pkg/ipsec/enforce"

// own returns the enforcer of this process.
func own() enforce.Enforcer { return nil }
