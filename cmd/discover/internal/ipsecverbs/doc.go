// Package ipsecverbs has the verbs below discover ipsec: what plans would be followed, and the
// rules, keys and gateways that are stored for them.
package ipsecverbs

import "github.com/go-iscsi/discovery/cmd/internal/app"

// A command is one run of discover, as these verbs see it.
type command struct{ *app.Command }
