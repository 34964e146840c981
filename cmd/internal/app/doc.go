// Package app is what a verb needs to do its work: it opens the registry and its key,
// makes the Discoverer with the name, trace, capture and enforcer that the flags ask for,
// and answers by results and by lines on standard error.
package app
