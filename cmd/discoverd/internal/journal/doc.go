// Package journal keeps the newest events of a watch, and hands them to any number of
// readers. A reader has a place in the journal and no queue: one that is slow costs no
// memory, and is told what it has missed.
package journal
