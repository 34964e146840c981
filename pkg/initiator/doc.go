// Package initiator discovers iSCSI targets: a [Discoverer] logs in to target portals
// with discovery sessions (RFC 7143), asks SendTargets, and reports which targets are
// behind which portals. It needs no privileges, kernel module, daemon or configuration,
// writes nothing, and asks many portals at once in constant memory ([Discoverer.Run]).
// docs/library.md has whole programs; [Error] lists the errors, and what they mean.
package initiator
