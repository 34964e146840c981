// Package initiator discovers iSCSI targets: it logs in to target portals with
// discovery sessions (RFC 7143), asks SendTargets, and reports which targets
// are behind which portals. It needs no privileges, no kernel module, no daemon
// and no configuration, writes nothing, and is made for many portals at once.
//
//	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host1"}
//	result, err := d.Discover(ctx, initiator.SendTargetPortal{
//		Portal: initiator.Portal{Address: "192.0.2.10", Port: pdu.DefaultPort},
//	})
//
// [Discoverer.Run] is the whole of it: events as they happen, in constant memory
// however long a list is. [Discoverer.Discover] and [Discoverer.DiscoverAll] are
// short helpers on it.
//
// # Errors
//
// What fails on a portal is an [*Error]: it tells the stage, the portal, the
// address in use, our source address, and what the target said, and it wraps the
// cause. [Code] gives the number that the reference API (Microsoft's iSCSI
// discovery library) has for an error, [Retryable] whether a later try may
// succeed. Behind an Error these types may be found with errors.As:
//
//   - [*isdsc.Error]: the portal, its options or the Discoverer are not usable;
//     nothing was sent.
//   - [*pdu.LoginError]: the target ended the login with a status of RFC 7143.
//   - [*RedirectError]: the target sent us elsewhere, and we did not go.
//   - [*auth.ProofError], [*auth.ReflectionError], [*auth.KeyError] and
//     [*auth.AlgorithmError]: CHAP that was asked for did not happen, or did not
//     convince.
//   - [*pdu.NegotiationError]: a key on which we and the target do not agree.
//   - [*pdu.ProtocolError]: the target breaks the protocol.
//   - [*pdu.RejectError], [*pdu.AsyncError]: it rejected the request, or ended the session.
//   - [*pdu.LimitError]: more than we accept.
//   - [*MemoryError]: results of other portals left no room for the answer.
//   - [*TimeoutError]: no answer in time; it is context.DeadlineExceeded, too.
//   - *net.OpError, *net.DNSError and the like: what the network said.
//
// # Trust
//
// Whatever a target sends is hostile until proven otherwise: it is bounded before
// memory is bought, checked, and never used as a path, a format or a name to
// resolve. Names and addresses in results are valid by RFC 7143 and RFC 3722;
// invalid ones are in the warnings, escaped.
package initiator
