// Package fleetmember makes discoverd a host of a fleet: it publishes what the watch sees, takes
// what the fleet wants into the registry, leads the fleet where it is to, and reads the fleet
// for the page while somebody looks.
package fleetmember
