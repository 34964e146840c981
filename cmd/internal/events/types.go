package events

import "github.com/go-iscsi/discovery/pkg/initiator/watch"

// Types are the types of events, in the order of the manual.
var Types = []watch.Type{
	watch.Snapshot,
	watch.TargetAppeared, watch.TargetVanished, watch.TargetChanged,
	watch.PortalFailed, watch.PortalRecovered, watch.PortalAdded, watch.PortalRemoved,
	watch.PathLost, watch.PathFound,
	watch.AuthChanged, watch.RedirectChanged, watch.SourceChanged,
	watch.SourceFailed, watch.SourceRecovered,
}

// Words returns the types as texts.
func Words() []string {
	words := make([]string, len(Types))
	for i, t := range Types {
		words[i] = string(t)
	}
	return words
}
