package kb

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"slices"
	"sync"
)

//go:embed english/words.gz
var englishWords []byte

// wordList knows the real English words; see english/README.md. It is unpacked when it is first asked.
type wordList struct {
	once   sync.Once
	hashes []uint32 // sorted; 32 bits mistake one unknown word in 50,000
}

func (l *wordList) has(word string) bool {
	l.once.Do(l.unpack)
	_, ok := slices.BinarySearch(l.hashes, hash([]byte(word)))
	return ok
}

func (l *wordList) unpack() {
	z, err := gzip.NewReader(bytes.NewReader(englishWords))
	if err != nil {
		return // the embedded list is whole: a test reads it
	}
	for in := bufio.NewScanner(z); in.Scan(); {
		l.hashes = append(l.hashes, hash(in.Bytes()))
	}
	slices.Sort(l.hashes)
	l.hashes = slices.Clip(l.hashes)
}
