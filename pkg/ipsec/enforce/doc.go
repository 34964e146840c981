// Package enforce is the contract between the discovery engine and what protects its
// connections: an [Enforcer] carries out a plan of package ipsec, and a [Proof] tells
// afterwards what it has seen. [Request.Check] is the one place that says whether an
// enforcer can carry a plan out. Packages strongswan and xfrm have one enforcer each;
// package enforcetest tests any.
package enforce
