// Package fleetverbs has the verbs of discover fleet.
package fleetverbs
