package app

import "github.com/go-iscsi/discovery/pkg/initiator"

// Connecting returns how many connections of d may be in progress at once, and how many
// it, or its default, says: the library takes no more than half of the files that may be
// open.
func (c *Command) Connecting(d *initiator.Discoverer) (most, wanted int) {
	wanted = d.Connecting
	switch {
	case wanted == 0 && d.Parallel == 1:
		return 1, 1 // there is none beside the session
	case wanted == 0:
		wanted = initiator.MaxConnecting
	}
	if half := c.OpenFiles / 2; c.OpenFiles > 0 && half < uint64(wanted) {
		return max(1, int(half)), wanted
	}
	return wanted, wanted
}

// LogConnecting says with -v where the limit of open files is why there are fewer.
func (c *Command) LogConnecting(d *initiator.Discoverer) {
	if most, wanted := c.Connecting(d); most < wanted {
		c.Log().Info("fewer connections in progress at once than wanted", "wanted", wanted, "at_once", most, "open_files_allowed", c.OpenFiles)
	}
}
