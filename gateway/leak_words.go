package gateway

import (
	"strconv"
	"strings"
)

// leakSense is a set of meanings that a word can have beside a number.
type leakSense uint32

const (
	senseOrder   leakSense = 1 << iota // the number is of a thing: order, parcel, version
	sensePhone                         // telephone
	senseCard                          // payment card
	senseBank                          // account at a bank
	senseCode                          // code that opens something
	senseThing                         // code that opens nothing: error, voucher
	senseBirth                         // birthday
	senseMonth                         // name of a month
	sensePost                          // postcode
	senseEnd                           // "ending in"
	senseLast                          // "last"
	senseDigits                        // "digits", "four": what "last" is said of
	senseUnit                          // weeks, grams: the number counts something
	senseSecret                        // password, PIN, token
	senseIs                            // "is", "=": the value follows
	senseKey                           // "key": a secret if something like "api" stands before
	senseKeyOf                         // what makes a key a secret
	senseStreet                        // Street, Road: ends an English address
	senseLane                          // Drive, Court, Hill: the same, but common words too
	senseRue                           // rue, calle: begins an address
	senseHome                          // "address", "lives": makes a weak address a strong one
	senseBox                           // PO box
	senseAt                            // "at", "arobase"
	senseDot                           // "dot", "punkt"
	senseAnd                           // joins parts of a number word: "y", "et", "und"
	senseFounded                       // a year that is not of a birth: "since", "version"
	senseDouble                        // "double five"
	senseSmall                         // a word that no street has in its name
)

func (s leakSense) has(want leakSense) bool { return s&want != 0 }

// leakSenses is the dictionary: English, German, French, Spanish and Arabic, lower case without accents.
func leakSenses() map[string]leakSense {
	m := map[string]leakSense{}
	for _, l := range [...]struct {
		sense leakSense
		words string
	}{
		{senseOrder, leakOrderWords},
		{sensePhone, `phone telephone tel mobile cell landline fax whatsapp call called calling ring rang text texted sms dial
telefon telefonnummer handy handynummer mobilnummer rufnummer anrufen erreichen telefonisch
telephone portable mobile appeler appelle telefono telefono movil celular llamar llamamos
هاتف هاتفك الهاتف جوال الجوال جوالك موبايل اتصلنا اتصل تلفون`},
		{senseCard, `card visa mastercard amex maestro credit debit karte kreditkarte kartennummer carte bancaire tarjeta
بطاقة البطاقة`},
		{senseBank, `account acct iban routing sort bank payout konto kontonummer blz bankleitzahl compte rib cuenta clabe
حساب الحساب حسابك ايبان الايبان`},
		{senseCode, `code codes otp passcode authenticator tan 2fa einmalcode bestatigungscode sicherheitscode prufcode codigo
رمز الرمز كود الكود`},
		{senseThing, `error status promo discount coupon voucher source qr bar product item part colour color dress exit http
response gift referral country area region language currency gutscheincode rabattcode promo remise descuento promocional
fehlercode fehler erreur خصم الخصم zip post postal البريدي البريد`},
		{senseBirth, `born birthday birth dob geboren geb geburtstag geburtsdatum ne nee naissance anniversaire nacio nacido
nacida nacimiento cumpleanos ميلاد ميلادك الميلاد مولود b`},
		{senseMonth, leakMonths},
		{sensePost, `postcode postcodes zip zipcode postal plz postleitzahl البريدي`},
		{senseEnd, `ending ends end endet endend endende terminant termine termina terminan terminada acaba finit
تنتهي المنتهية ينتهي المنتهي`},
		{senseLast, `last letzten letzte derniers dernieres ultimos ultimas اخر`},
		{senseDigits, `digits digit numbers four three ziffern stellen vier drei chiffres quatre trois digitos cifras cuatro tres
ارقام اربعة`},
		{senseUnit, `second seconds minute minutes hour hours day days week weeks month months year years people orders times
stunden tage tagen woche wochen monate monaten jahre jahren heures jours semaines mois ans horas dias semanas meses anos
ايام اسابيع اشهر سنوات`},
		{senseSecret, `password passwort passwd pass pw pwd pin kennwort passphrase token secret bearer cookie sid credential
credentials passe contrasena clave كلمة المرور السر geheimzahl`},
		{senseIs, `is are was reads to ist lautet sind est sont es son هو هي`},
		{senseKey, `key schlussel cle answer`},
		{senseKeyOf, `api access secret private license licence encryption maps security signing`},
		{senseStreet, `street road avenue ave blvd boulevard rd parkway pkwy highway hwy`},
		{senseLane, `st ln dr ct pl drive court lane way place close hill hollow square terrace crescent gardens grove park row
mews view run trail circle loop walk green yard wharf quay bay ridge`},
		{senseRue, `rue avenue boulevard chemin impasse allee quai calle avenida avda paseo plaza camino carrera شارع طريق`},
		{senseHome, `address live lives living ship shipped deliver delivered delivery home billing registered residence adresse
wohnen wohnt lieferung geliefert rechnungsadresse livre expedie direccion domicilio entrega enviamos عنوانك العنوان الطرد flat apt
apartment suite unit`},
		{senseBox, `postfach apartado postbox`},
		{senseAt, `at at arroba arobase klammeraffe`},
		{senseDot, `dot punkt point punto`},
		{senseAnd, `and y et und`},
		{senseFounded, `since seit depuis desde founded made established version copyright act law released came until bis from`},
		{senseDouble, `double triple`},
		{senseSmall, `a an and are as at been but by came can come do does for from get go had has have in into is it its just more
most new no not of off on only or other our out over so some such than that the their them there these they this those to too up was
we were what when where which who will with would you your`},
	} {
		for w := range strings.FieldsSeq(l.words) {
			m[w] |= l.sense
		}
	}
	return m
}

// leakOrderWords name things whose numbers are ours to say, not an account's to keep.
const leakOrderWords = `order orders invoice ticket tracking track parcel shipment reference ref case rma article version
build firmware serial sn part isbn ean sku item usps dhl ups error release issue page step box model
bestellung bestellnummer rechnung rechnungsnummer sendung sendungsnummer paket vorgang artikel auftrag auftragsnummer
commande facture suivi colis dossier pedido factura seguimiento envio
طلبك طلب الطلب الفاتورة فاتورة التتبع تذكرة credit`

const leakMonths = `january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec
januar februar marz mai juni juli oktober dezember
janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
يناير فبراير مارس ابريل مايو يونيو يوليو اغسطس سبتمبر اكتوبر نوفمبر ديسمبر`

// leakTLDs are ends of host names that are believed without a scheme before them.
const leakTLDs = `com net org info biz io co eu de at ch fr es it nl be lu uk ie pl se no dk fi pt cz us ca au nz br mx in
jp kr cn ru ua tr sa ae eg ma app dev shop store online site cloud me tv ai gg email test example invalid mail`

func leakSet(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// leakIBANs gives the length of each country's IBAN. Source: SWIFT IBAN registry.
func leakIBANs() map[string]int {
	m := map[string]int{}
	const list = `ad24 ae23 al28 at20 az28 ba20 be16 bg22 bh22 br29 by28 ch21 cr22 cy28 cz24 de22 dk18 do28 ee20 eg29 es24
fi18 fo18 fr27 gb22 ge22 gi23 gl18 gr27 gt28 hr21 hu28 ie22 il23 iq23 is26 it27 jo30 kw30 kz20 lb28 lc32 li21 lt20 lu20 lv21
mc27 md24 me22 mk19 mr27 mt31 mu30 nl18 no15 pk24 pl28 ps29 pt25 qa29 ro24 rs22 sa24 sc31 se24 si19 sk24 sm27 tn24 tr26 ua29
va22 vg24 xk20`
	for w := range strings.FieldsSeq(list) {
		m[w[:2]] = int(w[2]-'0')*10 + int(w[3]-'0')
	}
	return m
}

// leakNumberWords gives the digits of number words from 0 to 99. A word that is no number in another of the five
// languages ("once", "un") is left out.
func leakNumberWords() map[string]string {
	m := map[string]string{}
	for _, list := range [...]string{
		"zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
		"null eins zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn siebzehn achtzehn neunzehn",
		"zero - deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
		"cero - dos tres cuatro cinco seis siete ocho nueve diez - doce trece catorce quince dieciseis diecisiete dieciocho diecinueve",
		"صفر واحد اثنان ثلاثة اربعة خمسة ستة سبعة ثمانية تسعة عشرة",
	} {
		for i, w := range strings.Fields(list) {
			if w != "-" {
				m[w] = strconv.Itoa(i)
			}
		}
	}
	for _, list := range [...]string{
		"twenty thirty forty fifty sixty seventy eighty ninety", "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig",
		"vingt trente quarante cinquante soixante", "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
	} {
		for i, w := range strings.Fields(list) {
			m[w] = strconv.Itoa(10 * (i + 2))
		}
	}
	for i, unit := range strings.Fields("ein zwei drei vier funf sechs sieben acht neun") {
		for j, ten := range strings.Fields("zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig") {
			m[unit+"und"+ten] = strconv.Itoa(10*(j+2) + i + 1)
		}
	}
	for w, d := range map[string]string{
		"uno": "1", "una": "1", "zwo": "2",
	} {
		m[w] = d
	}
	return m
}

// sense looks up every word.
func (g *LeakGuard) sense(t *leakText) {
	for i := range t.toks {
		x := &t.toks[i]
		if x.word() {
			x.sense = g.words[x.s]
		}
	}
}

// spelled reads runs of number words as one number: "four one five", "seventeen forty-two", "double seven". One
// alone stays a word.
func (g *LeakGuard) spelled(t *leakText) {
	out := t.toks[:0]
	for i := 0; i < len(t.toks); {
		digits, n, words := g.run(t.toks[i:])
		besideNumber := words == 1 && len(digits) == 1 && (len(out) > 0 && out[len(out)-1].number() && len(out[len(out)-1].s) == 1 ||
			i+n < len(t.toks) && t.toks[i+n].number() && len(t.toks[i+n].s) == 1)
		if words < 2 && !besideNumber {
			out = append(out, t.toks[i])
			i++
			continue
		}
		x := t.toks[i]
		x.kind, x.s, x.end, x.said, x.sense = 'n', digits, t.toks[i+n-1].end, true, 0
		out = append(out, x)
		i += n
	}
	t.toks = out
}

// run reads the longest run of number words at the start of toks: its digits, its tokens, how many words had a value.
func (g *LeakGuard) run(toks []leakTok) (digits string, n, words int) {
	for i := 0; i < len(toks); {
		d, used := g.number(toks[i:], words > 0)
		if used == 0 {
			if words > 0 && (toks[i].kind == '-' || toks[i].kind == ',' || toks[i].sense.has(senseAnd)) && i+1 < len(toks) {
				if _, more := g.number(toks[i+1:], true); more > 0 && (toks[i].kind != ',' || words > 1) {
					i++
					continue
				}
			}
			break
		}
		digits, words, i = digits+d, words+1, i+used
		n = i
	}
	return digits, n, words
}

// number reads one number word: a unit, a ten with its unit, "oh" inside a run, "double" with its unit.
func (g *LeakGuard) number(toks []leakTok, inside bool) (digits string, used int) {
	x := toks[0]
	if !x.word() {
		return "", 0
	}
	if x.sense.has(senseDouble) && len(toks) > 1 {
		if d, n := g.number(toks[1:], true); n > 0 && len(d) == 1 {
			return strings.Repeat(d, map[string]int{"double": 2, "triple": 3}[x.s]), n + 1
		}
		return "", 0
	}
	if x.s == "oh" && (inside || len(toks) > 1 && g.spell[toks[1].s] != "") {
		return "0", 1
	}
	d := g.spell[x.s]
	if d == "" {
		return "", 0
	}
	if len(d) == 2 && d[1] == '0' && d[0] > '1' {
		for skip := 1; skip <= 2 && skip < len(toks); skip++ {
			if u := g.spell[toks[skip].s]; len(u) == 1 && u != "0" && (skip == 1 || toks[1].kind == '-' || toks[1].sense.has(senseAnd)) {
				return d[:1] + u, skip + 1
			}
		}
	}
	return d, 1
}
