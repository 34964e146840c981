package netns

import (
	"fmt"
)

// up brings an interface up.
func (n *Namespace) up(name string) error {
	link, err := n.netlink.LinkByName(name)
	if err == nil {
		err = n.netlink.LinkSetUp(link)
	}
	if err != nil {
		return fmt.Errorf("netns: %s: %w", name, err)
	}
	return nil
}
