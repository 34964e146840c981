// Package ipsec decides whether the connection to a portal runs over IPsec, and
// how. It is pure: flags, history and what exists go in, a [Plan] comes out that
// says which rule decided and why. Nothing here looks at the system, holds a key
// or sends a byte; enforcers do, and they are told by a Plan.
//
// The bits of [Flags] and the order of the rules are those of the reference API
// (AddIScsiSendTargetPortal); where it is silent, the choice is ours and stands
// with the name that it concerns. The first rule that applies decides:
//
//  1. what exists between this initiator and this portal: an administrator's
//     policy, or protection that is already there
//  2. the caller's flags, where they are valid
//  3. valid flags that were defined for the portal before, the newest first
//  4. the default, where it is valid
//
// Otherwise there is no IPsec. A rule decides for good: what it lacks is not
// looked for in the next one, and a decision for IPsec never ends in clear text.
//
// Each type of error stands for one code of the reference API, so no caller has to
// read texts. Those of [Settings] are [*FlagsError], [*RequireError] and
// [*UnknownError]. Those of [Plan.Check] are [*NoEnforcerError],
// [*NoOuterAddressError], [*NoKeyError] and [*UnsupportedError]. Enforcers return
// these as well, and [*RequestError] and [*ConfigureError]. [*ParseError] is wrong
// usage of the command.
//
// The reference software cannot do aggressive mode; an enforcer of ours may. It
// lets a listener, and any peer that asks, try preshared keys offline, so a Plan
// with it carries a [Warning].
package ipsec
