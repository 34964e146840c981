// Package openiscsi is discover iscsiadm: what open-iscsi's tool does of discovery, on
// our registry, for the programs that call it.
package openiscsi
