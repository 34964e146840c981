// Bench measures the command against a floor: the barest Go client that can get
// the same answers. Both run against one canned target, which answers on all of
// 127.0.0.0/8 as fast as it can, in a process of its own. Figures are ratios of
// runs that alternate, so that a machine whose speed drifts does not matter;
// absolute numbers are there to be looked at, not compared.
//
//	go run ./test/bench
package main
