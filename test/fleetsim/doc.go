// Package fleetsim is a fleet of any size in one process: hosts, leaders and readers are those
// of discoverd, and what they say goes to a real etcd. What their portals would answer is
// made up.
package fleetsim
