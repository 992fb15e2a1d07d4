package web

// browser is what a browser says of itself.
type browser struct {
	name, locale string
	page         string // where its visitor was when he came
}

// keepBrowser keeps it from the hello.
func (k *socket) keepBrowser(in helloArgs) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.is = browser{word(in.Browser, 80), word(in.Locale, maxLocale), k.s.page(in.Page)}
}

func (k *socket) browser() browser {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.is
}
