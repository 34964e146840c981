// Package isns asks an iSNS server (RFC 4171) which targets it knows, and takes its
// notices of change. A Client asks; its Answer has the targets with their portals,
// portal groups, portal security bitmaps and discovery domains. The messages are here as
// well: DevAttrQry, DevGetNext, DevAttrReg, DevDereg, SCNReg, SCNDereg, SCN and ESI.
//
// Whatever a server sends is hostile until it has been checked: a Reader keeps one PDU
// and one attribute of a message, and an Answer is bounded by Limits. Names, aliases and
// addresses are checked by the rules for the answers of a target.
//
// A Client writes to the server only where it is told to register.
package isns
