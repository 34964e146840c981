// Package target turns an answer to SendTargets (RFC 7143, appendix C) into targets.
// A [Parser] reads the text as it comes, and costs a bad record that record and no
// other. A [List] holds many targets in little memory, a [Set] each name once. What a
// target sends is checked before it is kept: names and addresses are valid, and bounded.
// Nothing here sends anything.
package target
