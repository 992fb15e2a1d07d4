package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// A changed article is found within 50 ms on its node and within a second on another (K10). Of nine changes the third
// fastest counts on its node: this machine has other work, while a hint that is lost would wait for a sweep of two seconds.
func TestChangedArticleIsFoundSoon(t *testing.T) {
	eachPair(t, func(t *testing.T, a, b *node) {
		article := a.article(t, "Delivery times", "Edition 0.", nil)
		findable(t, article, a, b)
		ed := a.desk(t, "ed", gateway.RoleEditor)
		path := "/v1/articles/" + article
		var here, there []time.Duration
		for i := range 9 {
			text := fmt.Sprintf("Edition %d.", i+1)
			ed.ok("PUT", path, map[string]any{"locale": "en", "title": "Delivery times", "body": text, "version": i + 1})
			found := func(n *node) func() bool {
				return func() bool {
					x, ok := n.Service.Index.Public(article)
					return ok && strings.Contains(x.Version.Body, text)
				}
			}
			ed.ok("POST", path+"/publish", map[string]any{"version": i + 2})
			published := time.Now() // stored, and answered
			waitFor(t, "its node to find it", found(a))
			here = append(here, time.Since(published))
			waitFor(t, "the other to find it", found(b))
			there = append(there, time.Since(published))
		}
		slices.Sort(here)
		slices.Sort(there)
		t.Logf("its node %v, the other %v", here, there)
		if here[2] > 50*time.Millisecond || there[len(there)/2] > time.Second {
			t.Errorf("its node %v, the other %v", here, there)
		}
	})
}
