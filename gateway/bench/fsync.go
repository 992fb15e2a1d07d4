package bench

import (
	"errors"
	"os"
	"time"
)

// Sync writes 4 KiB and forces it to the disk again and again for d: what a durable message cannot be faster than
// alone. Errors: those of the file system.
func Sync(dir string, d time.Duration) (q Quantiles, err error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return Quantiles{}, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	var t Times
	page := make([]byte, 4096)
	for end := time.Now().Add(d); time.Now().Before(end); {
		at := time.Now()
		if _, err := f.WriteAt(page, 0); err != nil {
			return Quantiles{}, err
		}
		if err := f.Sync(); err != nil {
			return Quantiles{}, err
		}
		t.Add(time.Since(at))
	}
	return t.Quantiles(), nil
}
