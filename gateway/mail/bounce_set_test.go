package mail

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBounceSet holds the aims of mail-and-routing.md 1.10, M2, for our own reports, which are written after the shapes
// of many mail servers: at least 95 % are recognised and name the mail they are about, at least 85 % are judged right,
// hard or not. A report is NAME.hard.eml or NAME.soft.eml; 'dev' may be looked at while the code is changed, 'held'
// only measures.
func TestBounceSet(t *testing.T) {
	for _, half := range []string{"dev", "held"} {
		t.Run(half, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join("testdata", "bounces", half, "*.eml"))
			if err != nil || len(files) < 30 {
				t.Fatalf("%d reports, %v", len(files), err)
			}
			seen, named, right := 0, 0, 0
			for _, f := range files {
				raw, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				s := Look(raw)
				known := s.Kind == KindBounce && s.Bounce != nil
				name := known && s.Bounce.MessageID != nil && strings.HasPrefix(*s.Bounce.MessageID, "ms_") && strings.HasSuffix(*s.Bounce.MessageID, "@help.example")
				just := known && s.Bounce.Hard == strings.HasSuffix(f, ".hard.eml")
				for counter, ok := range map[*int]bool{&seen: known, &named: name, &right: just} {
					if ok {
						*counter++
					}
				}
				if half == "dev" && !(known && name && just) {
					t.Logf("%s is %s, %+v", filepath.Base(f), s.Kind, s.Bounce)
				}
			}
			n := len(files)
			t.Logf("of %d reports %d are recognised, %d name their mail, %d are judged right", n, seen, named, right)
			if seen*100 < 95*n || named*100 < 95*n || right*100 < 85*n {
				t.Errorf("of %d reports %d are recognised, %d name their mail, %d are judged right", n, seen, named, right)
			}
		})
	}
}

// No mail that a person wrote is taken for a report.
func TestPeopleAreNoReports(t *testing.T) {
	for _, half := range []string{"dev", "held"} {
		for name, c := range visibleSet(t, half) {
			if s := Look([]byte(c[0])); s.Kind == KindBounce {
				t.Errorf("%s: %+v", name, s.Bounce)
			}
		}
	}
}
