// Package suite has the worlds of package enforcetest that are systems: their kernels'
// policies and associations, and what leaves them.
package suite
