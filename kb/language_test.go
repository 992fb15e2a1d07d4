package kb_test

import (
	"testing"

	"github.com/postern-chat/postern/kb"
)

// Visitors find articles in their own languages, also beside English ones.
func TestSearchInOtherLanguages(t *testing.T) {
	in := func(locale, id, title, body string, phrasings ...string) kb.Article {
		a := article(id, title, body, phrasings...)
		a.Locale = locale
		return a
	}
	list := append(shop(),
		in("de", "de_1", "Rückgabefrist und Erstattung", "Sie können Ihre Bestellung innerhalb von 30 Tagen zurückschicken."),
		in("de", "de_2", "Passwort zurücksetzen", "Klicken Sie auf „Passwort vergessen“. Wir senden Ihnen einen Link für die Straße."),
		in("fr", "fr_1", "Modifier votre adresse e-mail", "Ouvrez les réglages, puis saisissez la nouvelle adresse."),
		in("fr", "fr_2", "Délais de livraison", "Les colis arrivent en deux à quatre jours ouvrés."),
		in("ru", "ru_1", "Возврат заказа", "Верните посылку в течение тридцати дней."),
		in("ru", "ru_2", "Смена пароля", "Откройте настройки и введите новый пароль."),
		in("ar", "ar_a", "تغيير كلمة المرور", "افتح الإعدادات ثم أدخل كلمة مرور جديدة."),
		in("ar", "ar_b", "إرجاع الطلبات", "يمكنك إعادة الطرد خلال ثلاثين يوما."),
		in("ja", "ja_1", "配送時間について", "通常二日から四日で届きます。"),
		in("ja", "ja_2", "パスワードの変更", "設定を開いて新しいパスワードを入力します。"),
		in("ko", "ko_1", "비밀번호 변경", "설정을 열고 새 비밀번호를 입력하세요."),
	)
	x := indexOf(list)
	for _, c := range []struct{ name, text, first string }{
		{"accents left out", "modifier adresse reglages", "fr_1"},
		{"accents written", "délais de livraison", "fr_2"},
		{"a French plural", "livraisons", "fr_2"},
		{"umlaut", "passwort zurücksetzen", "de_2"},
		{"umlaut left out", "ruckgabefrist", "de_1"},
		{"a German form", "Erstattungen", "de_1"},
		{"a compound typed as two", "Rückgabe Frist", "de_1"},
		{"sharp s as ss", "strasse", "de_2"},
		{"Cyrillic, another case", "возвраты заказов", "ru_1"},
		{"Cyrillic, capitals", "ПАРОЛЬ", "ru_2"},
		{"Arabic without hamza", "ارجاع الطلبات", "ar_b"},
		{"Arabic with vowel signs", "كَلِمَة المُرور", "ar_a"},
		{"Arabic, stretched", "كلـمة المرور", "ar_a"},
		{"Chinese characters", "配送時間", "ja_1"},
		{"kana", "パスワード", "ja_2"},
		{"half-width kana", "ﾊﾟｽﾜｰﾄﾞ", "ja_2"},
		{"Hangul", "비밀번호", "ko_1"},
		{"English stays English", "where is my parcel", "ar_3"},
		{"full-width Latin", "ｌｏｇｉｎ ｅｍａｉｌ", "ar_1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := x.Search(kb.Query{Text: c.text})
			if len(found.Results) == 0 || found.Results[0].Article != c.first || !found.Fits() {
				t.Errorf("%q found %v, coverage %.2f; want %s first", c.text, ids(found), found.Coverage, c.first)
			}
		})
	}
}
