// Package jsonitem has the items of the command's JSON: results, portals, targets and what
// else docs/reference/output.md says, in the order of their fields. Its texts escape what
// cannot be seen.
package jsonitem
