package mail

import (
	"regexp"
	"strings"
)

// role is what a line like "From: …" of a copied header says.
type role byte

const (
	noRole role = iota
	roleFrom
	roleDate
	roleTo
	roleSubject
	roleOther
)

// headerNames are the names that mail programs print above an old mail, in lower case, by what they say.
var headerNames = roles(map[role]string{
	roleFrom: "from|de|von|da|van|från|fra|od|от|від|kimden|gönderen|feladó|lähettäjä|από|发件人|寄件者|寄件人|差出人|送信者|送信元|보낸 사람|보낸사람|보낸이|" +
		"מאת|من|expéditeur|mittente|remitente|remetente|absender|odesílatel|de la|dari|từ|จาก|از|nuo|saatja|avsändare|afsender|expeditor|प्रेषक|से",
	roleDate: "sent|date|envoyé|envoyé le|gesendet|datum|inviato|data|enviado|enviado el|enviada em|enviado em|fecha|verzonden|skickat|sendt|dato|wysłano|отправлено|" +
		"дата|надіслано|gönderilme|gönderildi|gönderme tarihi|tarih|elküldve|dátum|lähetetty|päivämäärä|päiväys|στάλθηκε|ημερομηνία|发送时间|发送日期|日期|时间|傳送時間|" +
		"寄件日期|已傳送|送信日時|日時|日付|날짜|보낸 날짜|보낸날짜|נשלח|נשלח ב|תאריך|تاريخ الإرسال|أرسلت|التاريخ|تم الإرسال|odesláno|odoslané|trimis|terkirim|dikirim|tanggal|" +
		"đã gửi|ngày|ส่ง|วันที่|تاریخ|sent on|sent at|date d'envoi|gesendet am|poslano|poslané|दिनांक",
	roleTo: "to|à|a|an|para|aan|till|til|do|кому|kime|kim|alıcı|címzett|vastaanottaja|προς|收件人|收件者|宛先|받는 사람|받는사람|받는이|אל|إلى|komu|pro|către|" +
		"kepada|đến|ถึง|به|empfänger|destinataire|destinatario|destinatário|mottagare|modtager|प्रति",
	roleSubject: "subject|objet|betreff|oggetto|asunto|assunto|onderwerp|ämne|emne|temat|тема|konu|tárgy|aihe|θέμα|主题|主題|主旨|件名|제목|נושא|الموضوع|" +
		"předmět|predmet|subiect|subjek|perihal|chủ đề|tiêu đề|เรื่อง|موضوع|assumpte|sujet|विषय",
	roleOther: "cc|bcc|kopie|kopia|kopi|copie à|copia|cópia|копия|копія|抄送|副本|참조|نسخة|עותק|bilgi|másolatot kap|kopio|κοιν|reply-to|reply to|répondre à|antwort an|" +
		"attachments|anlagen|pièces jointes|allegati|adjuntos|anexos|importance|priority|priorität|wichtigkeit|message-id|organization|newsgroups",
})

func roles(table map[role]string) map[string]role {
	out := map[string]role{}
	for r, names := range table {
		for name := range strings.SplitSeq(names, "|") {
			out[name] = r
		}
	}
	return out
}

// wrote is "wrote" as mail programs write it in the line above what they quote, wherever it stands in the line.
var wrote = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:wrote|writes|said|schrieb|schrieb am|a écrit|ha scritto|scrive|escribió|escribio|ha escrito|escreveu|` +
	`schreef|geschreven|skrev|skrifaði|kirjoitti|napisał|napisała|napisał\(a\)|pisze|napsal|napsala|napsal\(a\)|napísal|napísala|napísal\(a\)|` +
	`je napisao|je napisala|je napisao/la|napisao|napisala|je napisal|` +
	`написал|написала|написал\(а\)|написав|написала|написав\(ла\)|пишет|писал|писала|писал\(а\)|пише|написа|írta|ezt írta|yazdı|şunu yazdı|şunları yazdı|a scris|` +
	`έγραψε|εγραψε|כתב|כתבה|כתב/ה|כתב\.ה|كتب|كتبت|نوشت|đã viết|viết|menulis|tulis|kirjutas|rašė|rakstīja|va escriure|ha escrit|skrifaði|idatzi zuen|escribiu|` +
	`ने लिखा|লিখেছেন|เขียนว่า|ได้เขียน|เขียน)(?:[^\pL]|$)|写道|寫道|寫了|写了|编写|wrote：|書きました|書いた|のメール|님이 작성|작성|쓴 글|님이 쓴|에 쓴|작성했습니다`)

// begins is how the line starts in programs that put the date or a preposition first.
var begins = regexp.MustCompile(`(?i)^(?:on|at|le|el|em|am|il|il giorno|op|den|w dniu|dnia|dne|dňa|στις|în|la|pe|vào|pada|v|a|in|от|в|от|در|في|في يوم|בתאריך|ב-|ב|` +
	`quoting|zitat von|citat|citando|citazione|在|於|于|` +
	`(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|pon|wt|śr|czw|pt|sob|niedz|nd|út|st|čt|pá|so|ne|пн|вт|ср|чт|пт|сб|вс|нд|` +
	`ma|ti|ke|to|pe|la|su|må|tor|tors|fre|lør|lör|søn|sön|man|mån|tir|tis|ons|pzt|sal|çar|per|cum|cmt|paz|ср|четв)\pL{0,7}[.,]?` +
	`)[\s,.]|^[\p{Nd}]{1,4}[\s./年-]|^20\d\d|^\pL{0,2}\d{4}[년年]`)

var (
	digitDot  = regexp.MustCompile(`\p{Nd}\.$`)
	hasDigit  = regexp.MustCompile(`\p{Nd}`)
	colonEnd  = regexp.MustCompile(`[:：]\s*$`)
	hasMail   = regexp.MustCompile(`[^\s<>"(\[]@[\pL\pN]`)
	hasYear   = regexp.MustCompile(`(?:^|[^\p{Nd}])(?:(?:19|20)\p{Nd}\p{Nd}|[٢۲][٠۰]\p{Nd}\p{Nd}|1[34]\p{Nd}\p{Nd}/|25[56]\p{Nd})(?:[^\p{Nd}]|$)`)
	hasTime   = regexp.MustCompile(`\p{Nd}{1,2}\s?[:.h時시点點]\s?\p{Nd}{2}`)
	hasDate   = regexp.MustCompile(`\p{Nd}{1,4}[./-]\s?\p{Nd}{1,2}[./-]\s?\p{Nd}{1,4}`)
	ownWords  = regexp.MustCompile(`(?i)(?:\bI|\bwe|\bich|\bwir|\bj'ai|\byo|\beu) (?:\pL+ )?(?:wrote|said|schrieb|schrieben|écrit|escribí|escrevi)`)
	dateMail  = regexp.MustCompile(`^(?:\pL{2,12}[.,]\s*)?[\p{Nd}]{1,4}[\s./年月日-].*[<(][^<>()\s]+@[^<>()\s]+[>)]\s*[:：]?$`)
	quoting   = regexp.MustCompile(`(?i)^(?:quoting|zitat von|citat från|citando|citazione di|cytowanie|citování|цитирование|zitiere) .{2,}[:：]$`)
	onMail    = regexp.MustCompile(`(?i)^(?:on|le|el|em|am|il|op|den) .*\p{Nd}.*<[^<>\s]+@[^<>\s]+>\s*[:：]$`)
	abbrevEnd = regexp.MustCompile(`(?i)(?:\b[ap]\.\s?m\.|\b(?:jan|janv|feb|févr|fevr|mär|marz|mar|avr|apr|abr|mai|jun|juin|juil|jul|ago|aug|août|sep|sept|set|okt|oct|ott|nov|dez|dic|déc|dec|` +
		`lun|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|pon|wt|śr|czw|pt|sob|niedz|г|р)\.)$`)
)

// original marks the end of the new words: old mail follows. forward marks a mail that somebody passes on whole.
var (
	original = regexp.MustCompile(`(?i)^[-—–_=*\s]{2,}\s*(?:original message|original|reply message|original mail|original appointment|previous message|message d'origine|message original|` +
		`mensaje original|mensagem original|messaggio originale|messaggio originario|originele bericht|oorspronkelijk bericht|oorspronkelijk bericht van|` +
		`ursprüngliche nachricht|originalnachricht|original-nachricht|ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|opprinnelig melding|original besked|` +
		`alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|treść oryginalnej wiadomości|исходное сообщение|исходное письмо|оригинальное сообщение|` +
		`вихідне повідомлення|původní zpráva|pôvodná správa|eredeti üzenet|özgün [iİ]leti|orijinal mesaj|orijinal ileti|mesaj original|mesajul original|αρχικό μήνυμα|` +
		`הודעה מקורית|ההודעה המקורית|الرسالة الأصلية|رسالة أصلية|原始邮件|原始郵件|邮件原件|回复的原邮件|原邮件|元のメッセージ|original message|원본 메시지|원본 메일|원본 이메일|` +
		`thư gốc|tin nhắn gốc|pesan asli|پیام اصلی)\s*[-—–_=*\s]{2,}$`)
	forward = regexp.MustCompile(`(?i)^(?:[-—–_=*\s>]{2,}\s*(?:forwarded message|forwarded|fwd|forwarded by .{1,80}|forwarded mail|message transféré|message réexpédié|` +
		`weitergeleitete nachricht|weitergeleitete e-mail|mensaje reenviado|mensagem encaminhada|mensagem reencaminhada|messaggio inoltrato|doorgestuurd bericht|` +
		`vidarebefordrat meddelande|videresendt meddelelse|videresendt melding|välitetty viesti|przekazana wiadomość|wiadomość przekazana|treść przekazanej wiadomości|` +
		`пересылаемое сообщение|переадресованное сообщение|перенаправленное сообщение|пересланное сообщение|переслане повідомлення|přeposlaná zpráva|preposlaná správa|` +
		`továbbított üzenet|iletilen mesaj|yönlendirilen ileti|mesaj redirecționat|προωθημένο μήνυμα|הודעה שהועברה|الرسالة المعاد توجيهها|رسالة معاد توجيهها|` +
		`转发的邮件|轉寄的郵件|转发邮件|轉寄郵件|已转发的邮件|転送メッセージ|転送されたメッセージ|전달된 메일|전달된 메시지|전달한 메시지|thư chuyển tiếp|pesan terusan|pesan yang diteruskan)\s*[-—–_=*\s]{2,}` +
		`|begin forwarded message:|anfang der weitergeleiteten (?:nachricht|e-mail):|début du message (?:transféré|réexpédié) ?:|inicio del mensaje reenviado:|inizio messaggio inoltrato:|` +
		`início da mensagem (?:re)?encaminhada:|begin doorgestuurd bericht:|vidarebefordrat brev:|start på videresendt besked:|początek przekazywanej wiadomości:|` +
		`начало переадресованного сообщения:|开始转发的邮件：|转发邮件：|下面是被转发的邮件：|轉寄訊息開始：|以下は転送メールです：|転送されたメッセージ：|전달된 메시지 시작:|بداية الرسالة المعاد توجيهها:|başlangıç: iletilen mesaj:)$`)
	forwardSubject = regexp.MustCompile(`(?i)^\s*(?:(?:re|aw|sv|antw|odp)\s*[:：]\s*)*(?:fwd?|wg|tr|rv|enc|i|vs|vb|doorst|pd|továbbítás|fw|ilt|προωθ|转发|轉寄|転送|전달|إعادة توجيه|הועבר)\s*[:：]`)
	above          = regexp.MustCompile(`(?i)^[-—–_=#*\s]*(?:please )?(?:type your reply|reply|write|respond|antworten sie|bitte antworten sie|répondez|veuillez répondre|responda|rispondi|svara) ` +
		`(?:above|oberhalb|über|au-dessus|encima|acima|sopra|ovanför)(?: (?:this|dieser|de cette|de esta|desta|questa|den här))?(?: (?:line|linie|zeile|ligne|línea|linha|linea|raden))?.{0,40}$`)
)

// programs are lines that a program puts under what somebody wrote. Everything else that ends a letter is the
// writer's own and stays.
var programs = regexp.MustCompile(`(?i)^[-—–_*\s]{0,4}(?:` +
	`sent (?:from|via|using|with|by|on) (?:my|a|an|the|yahoo|aol|outlook|proton|gmail|hey|mailbird|spark|superhuman|airmail|canary|tutanota|k-?9|thunderbird|bluemail|fairemail) ?.{0,80}` +
	`|get (?:outlook|bluemail|yahoo mail|spark) .{2,60}|download (?:outlook|the all-new) .{2,60}|(?:obtenir|obtener|obter o|scarica|ottieni|télécharger|hämta|hent|pobierz) outlook .{2,40}|` +
	`outlook (?:für|voor|for|pour|para|per) (?:ios|android).{0,60}|(?:获取|下载) ?outlook.{0,30}|(?:скачать|загрузить) outlook.{0,40}|تنزيل outlook.{0,40}|` +
	`diese nachricht wurde von meinem .{2,60}|provenance : courrier .{2,60}|发自我的.{2,40}|發自我的.{2,40}|来自我的.{2,30}|` +
	`yahoo mail: .{2,60}|virus-free\..{0,60}|virenfrei\..{0,60}|(?:garanti )?sans virus\..{0,60}|this (?:e-?mail|message) (?:has been|was) (?:checked|scanned) .{0,80}|` +
	`diese e-mail wurde (?:von|auf) .{0,80}(?:geprüft|überprüft)\.?|cet e-mail a été vérifié .{0,80}` +
	`)[\s.*_]*$`)

// sent is how such a line says "sent" elsewhere; device must stand in it too, for people send parcels.
var (
	sent = regexp.MustCompile(`(?i)^[-—–_*\s]{0,4}(?:sent|(?:von|vom|mit) .{2,40} gesendet|gesendet|envoyée?|enviad[oa]|inviat[oa]|verstuurd|verzonden|skickat|skickades|sendt|lähetetty|wysłan[eo]|` +
		`odesláno|odoslané|отправлено|надіслано|trimis|εστάλη|στάλθηκε|küldve|נשלח|(?:تم )?(?:ال)?[أإا]?رسال|أُ?رسلت|مرسل[ة]?|ارسال|从|從|从我的|寄自|đã gửi|được gửi|gửi từ|dikirim|terkirim|ส่งจาก|poslano|изпратено|saadetud|išsiųsta|nosūtīts|enviat)` +
		`(?:[^\pL].{2,70}|.{2,40})$|^.{2,40}(?: gönderildi| küldve|から送信|からの送信|から送信されました|에서 보냄|에서 보냈습니다|에서 보낸 메일|发送|傳送|发出|發送)[\s.。]*$`)
	device = regexp.MustCompile(`(?i)iphone|ipad|ipod|\bios\b|android|samsung|galaxy|huawei|xiaomi|honor|redmi|oppo|nokia|sony|xperia|\bhtc\b|pixel|blackberry|windows|outlook|mail\b|yahoo|gmail|` +
		`\baol\b|proton|thunderbird|\bk-?9|smartphone|handy\b|mobil|telefon|téléphone|teléfono|telefone|phone|tablet|\bapp\b|surface|orange|\bgmx\b|web\.de|\bmac\b|bluemail|` +
		`τηλέφωνο|κινητό|телефон|смартфон|айфон|手机|手機|携帯|スマート|휴대|아이폰|هاتف|آيفون|جوال|آیفون|הטלפון|אייפון|điện thoại|โทรศัพท์|ponsel`)
)

// program reports whether a program, not a person, wrote the line.
func program(s string) bool {
	return len(s) < 400 && (programs.MatchString(s) || sent.MatchString(s) && device.MatchString(s))
}

// listFoot is what mailing lists and lawyers write under a mail.
var listFoot = regexp.MustCompile(`(?i)mailing list|unsubscribe|mailman|list info|listinfo|you (?:are receiving|received) this|google groups|confidential|intended (?:only )?(?:for|recipient)|vertraulich|confidentiel|confidencial|riservat|virus`)

// contact is what stands in a signature and seldom in a sentence.
var contact = regexp.MustCompile(`(?i)https?://|www\.|[^\s@]+@[^\s@]+\.\pL|(?:\+|00|\b0)\p{Nd}[\p{Nd} ()/.-]{6,}|\(\p{Nd}{3}\)\s?\p{Nd}{3}|\b(?:tel|phone|fon|mobil|mobile|fax|gmbh|ltd|inc|llc|s\.a\.|s\.r\.l|b\.v)\b`)
