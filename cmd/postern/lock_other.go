//go:build !unix

package main

import (
	"errors"
	"os"
)

// lockFile refuses where files cannot be taken.
func lockFile(*os.File) error { return errors.New("this system has no file locks") }
