// Bench measures the command against floors: the least that a client can do to get
// the same answers, in raw epoll and in barest Go; and against peers, where they
// are installed. All run against one canned target, which answers on all of
// 127.0.0.0/8 as fast as it can, in a process of its own. Figures are ratios of
// runs that alternate, so that a machine whose speed drifts does not matter;
// absolute numbers are there to be looked at, not compared.
//
//	go run ./test/bench
//	go run ./test/bench -only sweep,list
//	go run ./test/bench -only list -kind alias
//	go run ./test/bench -only ipsec -before discover-of-before
//
// Networks, where most addresses have no target, are in network namespaces that the
// bench makes for itself. That takes Linux, root and nftables; nmap, masscan and zmap
// take part where they are installed.
//
//	go run ./test/bench -only network,mixed
//	go run ./test/bench -only network -addresses 65536 -alive 655
//	go run ./test/bench -only network -others refused
package main
