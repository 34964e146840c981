// Package events shows what a watch tells: as a line of JSON for programs, and as a line
// for people. What a target sent is escaped in both.
package events
