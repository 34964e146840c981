package verbs

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
)

// portal returns the verbs about the portals of the registry.
func (c *command) portal() *cobra.Command {
	return c.noun("portal", "store portals in the registry, and ask them", manual.Portal,
		c.portalAdd(), c.portalList(), c.portalRemove(), c.portalRefresh())
}
