package site

import "net/http"

// Handler serves the shop.
func (s *Site) Handler() http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /static/", http.FileServerFS(staticFiles))
	m.HandleFunc("GET /{$}", s.home)
	return s.visiting(m)
}

func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "home", page{Title: "Tea for every hour of the day", Data: products()})
}
