// Package vici speaks with an IKE daemon of strongSwan by its versatile IKE
// control interface: packets over a stream, with messages of values, lists and
// sections.
//
// A connection reads in order: whatever the daemon sent before an answer has
// been handed on when the answer is, so a list of security associations is
// complete or an error.
package vici
