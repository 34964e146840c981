module github.com/go-iscsi/discovery

go 1.26.3

require github.com/google/go-cmp v0.7.0

require (
	github.com/gostor/gotgt v0.2.2
	github.com/mitchellh/go-homedir v1.1.0 // indirect
	github.com/satori/go.uuid v1.2.0 // indirect
	github.com/sirupsen/logrus v1.9.0
	github.com/vishvananda/netlink v1.3.1
	github.com/vishvananda/netns v0.0.5
	golang.org/x/sys v0.49.0
	golang.org/x/text v0.43.0 // indirect
)
