// Package iscsiadm has the command line of open-iscsi's iscsiadm as far as that discovers
// targets: its grammar, its records, what it prints, and its exit statuses. It sends
// nothing and stores nothing.
package iscsiadm
