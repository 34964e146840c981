module github.com/go-iscsi/discovery

go 1.26.3
