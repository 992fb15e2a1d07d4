package web

import "strings"

// deviceOf is a coarse name for the device that a User-Agent speaks of: its product and platform, no versions, so that
// an update leaves it as it is. It proves nothing, since anybody can send it; it makes a cookie that was carelessly
// copied stand out. Never "".
func deviceOf(agent string) string {
	name := firstOf(agent, "other browser", [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"Go-http-client/", "Go"},
		{"curl/", "curl"},
	})
	return name + " on " + firstOf(agent, "another system", [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	})
}

// firstOf is the word of the first mark that stands in the text.
func firstOf(text, none string, marks [][2]string) string {
	for _, m := range marks {
		if strings.Contains(text, m[0]) {
			return m[1]
		}
	}
	return none
}
