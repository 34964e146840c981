// Package fleetview shows a fleet: as JSON, which discover fleet prints and discoverd
// serves, and as rows and lines for people. What hosts wrote is escaped here.
package fleetview
