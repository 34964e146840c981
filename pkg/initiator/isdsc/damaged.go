package isdsc

import "errors"

// ErrCacheCorrupted is what errors are, by errors.Is, where a registry is damaged: its
// file or one of its records. Their number is CacheCorrupted.
var ErrCacheCorrupted = errors.New("the registry is damaged")
