// Package help makes the help of a verb out of its text and its flags: one page, which is
// written for a terminal, short or long, and as a man page.
package help
