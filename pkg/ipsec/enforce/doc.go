// Package enforce is the contract between the discovery engine and what protects its
// connections: an Enforcer carries out a plan of package ipsec, and a Proof tells
// afterwards what it has seen. Packages strongswan and xfrm have one each.
package enforce
