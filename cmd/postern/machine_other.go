//go:build !linux

package main

import "errors"

// openFiles is not asked here.
func openFiles() (uint64, error) { return 0, errors.ErrUnsupported }

// diskSpace is not asked here.
func diskSpace(string) (left, all uint64, err error) { return 0, 0, errors.ErrUnsupported }
