// Package iketest has responders of IKE for tests: peers that say exactly what a test
// wants, well or badly, with the clock of the test. They have code of their own for
// messages, so that a mistake in package ikev1 or ikev2 does not cancel itself out, and
// they audit what the initiator sends.
package iketest
