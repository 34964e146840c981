// Package isdsc has the status numbers of the reference API (Microsoft's iSCSI
// discovery library): ISDSC_STATUS as in iscsierr.h, and the Win32 errors that the
// API returns beside them. Name returns the name of a number, and an Error is a
// parameter that the rules of the API refuse. The numbers are what a program or a
// script compares; texts of errors may change.
package isdsc
