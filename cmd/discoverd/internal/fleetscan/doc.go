// Package fleetscan asks the portals of a shared scan of a fleet, as discover scan does with
// the rules of the registry, and tells what became of each.
package fleetscan
