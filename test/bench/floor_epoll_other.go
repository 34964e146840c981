//go:build !linux

package main

import "errors"

func epoll([]string) error { return errors.New("epoll is of Linux") }
