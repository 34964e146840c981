package app

import "github.com/go-iscsi/discovery/pkg/initiator"

// LogConnecting tells -v where the limit of open files is why fewer connections are in
// progress at once than d, or its default, says: the library takes no more than half of
// the files.
func (c *Command) LogConnecting(d *initiator.Discoverer) {
	wanted := d.Connecting
	switch {
	case wanted == 0 && d.Parallel == 1:
		return // there is none beside the session
	case wanted == 0:
		wanted = initiator.MaxConnecting
	}
	if half := c.OpenFiles / 2; c.OpenFiles > 0 && half < uint64(wanted) {
		c.Log().Info("fewer connections in progress at once than wanted", "wanted", wanted, "at_once", half, "open_files_allowed", c.OpenFiles)
	}
}
