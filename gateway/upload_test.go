package gateway

import (
	"strings"
	"testing"
)

func TestPartFits(t *testing.T) {
	f := File{Size: 2*PartSize + 5}
	for _, c := range []struct {
		name    string
		n, size int
		ok      bool
	}{
		{"first", 0, PartSize, true},
		{"second", 1, PartSize, true},
		{"last", 2, 5, true},
		{"last too long", 2, 6, false},
		{"last too short", 2, 4, false},
		{"first too short", 0, PartSize - 1, false},
		{"first too long", 0, PartSize + 1, false},
		{"empty", 0, 0, false},
		{"after the end", 3, 0, false},
		{"before the beginning", -1, PartSize, false},
		{"so far that it overflows", 1 << 44, PartSize, false},
	} {
		if err := partFits(f, c.n, c.size); (err == nil) != c.ok || err != nil && CodeOf(err) != "invalid" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := partFits(File{Size: PartSize}, 0, PartSize); err != nil {
		t.Errorf("exactly one part: %v", err)
	}
	if err := partFits(File{Size: PartSize}, 1, 0); err == nil {
		t.Error("an empty second part is taken")
	}
}

func TestFileName(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "photo.png", "photo.png"},
		{"path", "/etc/passwd", "passwd"},
		{"path upwards", "../../x.txt", "x.txt"},
		{"windows path", `C:\Users\ada\cv.pdf`, "cv.pdf"},
		{"line break", "a\r\nb.txt", "ab.txt"},
		{"direction mark hides the ending", "gpj.\u202eexe", "gpj.exe"},
		{"NUL", "a\x00.txt", "a.txt"},
		{"long", strings.Repeat("é", 300), strings.Repeat("é", 200)},
		{"empty", "", ""},
		{"dot", ".", ""},
		{"dots", "a/..", ""},
		{"slash", "/", ""},
		{"controls only", "\x01\x02", ""},
		{"broken UTF-8", "a\xff", ""},
		{"far too long", strings.Repeat("x", 1025), ""},
	} {
		got, err := fileName(c.in)
		if got != c.want || (c.want == "") != (CodeOf(err) == "invalid") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestAllowedType(t *testing.T) {
	for _, c := range []struct{ name, found, head, want string }{
		{"png", "image/png", "\x89PNG", "image/png"},
		{"pdf", "application/pdf", "%PDF-", "application/pdf"},
		{"text", "text/plain; charset=utf-8", "hello", "text/plain"},
		{"text cut inside a character", "text/plain; charset=utf-8", "h\xc3", "text/plain"},
		{"text in another charset", "text/plain; charset=utf-8", "h\xe9llo", ""},
		{"text with NUL", "text/plain; charset=utf-8", "a\x00", ""},
		{"empty text", "text/plain", "", "text/plain"},
		{"html", "text/html; charset=utf-8", "<html>", ""},
		{"svg", "image/svg+xml", "<svg", ""},
		{"xml", "text/xml; charset=utf-8", "<?xml", ""},
		{"program", "application/octet-stream", "\x7fELF", ""},
		{"unknown", "", "", ""},
	} {
		if got := allowedType(c.found, []byte(c.head)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestSafeName(t *testing.T) {
	for _, c := range []struct{ name, mediaType, want string }{
		{"photo.png", "image/png", "photo.png"},
		{"Photo.JPEG", "image/jpeg", "Photo.JPEG"},
		{"notes.csv", "text/plain", "notes.csv"},
		{"letter.docx", "application/zip", "letter.docx"},
		{"invoice.hta", "text/plain", "invoice.hta.txt"},
		{"page.html", "text/plain", "page.html.txt"},
		{"drawing.svg", "text/plain", "drawing.svg.txt"},
		{"run.bat.", "text/plain", "run.bat..txt"},
		{"run.bat ", "text/plain", "run.bat .txt"},
		{"photo.png.exe", "image/png", "photo.png.exe.png"},
		{"tool.jar", "application/zip", "tool.jar.zip"},
		{"README", "text/plain", "README.txt"},
		{"half.exe", "", "half.exe"},
	} {
		if got := (File{Name: c.name, Type: c.mediaType}).SafeName(); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.name, c.mediaType, got, c.want)
		}
	}
	for _, found := range []string{
		"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip", "video/mp4", "video/webm",
		"audio/mpeg", "audio/wave", "application/ogg", "text/plain",
	} {
		if allowedType(found, nil) == "" || len(endings(found)) == 0 {
			t.Errorf("%s is taken but has no endings", found)
		}
	}
}
