package main

import "syscall"

// openFiles is how many files this process may have open. The Go runtime has raised it as far as it may.
func openFiles() (uint64, error) {
	var r syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r)
	return r.Cur, err
}

// diskSpace is what is left for this user, and all, of the disk that a folder lies on, in blocks.
func diskSpace(dir string) (left, all uint64, err error) {
	var s syscall.Statfs_t
	err = syscall.Statfs(dir, &s)
	return s.Bavail, s.Blocks, err
}
