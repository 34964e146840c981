// Package fleetview shows a fleet: as JSON, which discover fleet prints and discoverd
// serves, and as rows and lines for people. What hosts wrote is escaped in JSON and in lines;
// in rows it is as it was written, and render.Columns or the page escapes it.
package fleetview
