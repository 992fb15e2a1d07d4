package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestLeakTailsKeepTheLastEnds(t *testing.T) {
	var tail leakTailOf
	for i := range 8 {
		tail = tail.add(strings.Repeat("é", 200)+fmt.Sprint(i), uint64(i+1))
	}
	if len(tail.texts) != LeakWindow || tail.said != 8 || !strings.HasSuffix(tail.texts[4], "é7") || !strings.HasSuffix(tail.texts[0], "é3") {
		t.Errorf("%d texts, said %d", len(tail.texts), tail.said)
	}
	for _, text := range tail.texts {
		if len(text) > leakTail+3 || !strings.HasPrefix(text, "é") {
			t.Errorf("%d bytes: %q", len(text), text)
		}
	}
	if again := tail.add("x", 9); slices.Equal(again.texts, tail.texts) || tail.said != 8 {
		t.Error("adding changed the old one")
	}
}

func TestLeakTailsForgetAndStayBounded(t *testing.T) {
	l := NewLeakTails()
	for i := range 3 * maxTails {
		l.put(ID(fmt.Sprint(i)), leakTailOf{said: 1})
	}
	if len(l.of) > maxTails {
		t.Errorf("%d remembered", len(l.of))
	}
	l.put("cv_1", leakTailOf{said: 2})
	l.put("cv_2", leakTailOf{said: 3})
	if tail, ok := l.get("cv_1"); !ok || tail.said != 2 {
		t.Error("not remembered")
	}
	if l.forget("cv_1"); len(l.of) == 0 {
		t.Error("all forgotten")
	}
	if _, ok := l.get("cv_1"); ok {
		t.Error("not forgotten")
	}
	var none *LeakTails
	none.put("cv_1", leakTailOf{})
	none.forget("cv_1")
	if _, ok := none.get("cv_1"); ok {
		t.Error("nothing remembers")
	}
}
