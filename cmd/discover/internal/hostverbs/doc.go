// Package hostverbs has the verbs about this host: its iSCSI name, its initiator instances and
// ports, and the registry as a file.
package hostverbs

import "github.com/go-iscsi/discovery/cmd/internal/app"

// A command is one run of discover, as these verbs see it.
type command struct{ *app.Command }
