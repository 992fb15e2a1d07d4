package mail

import "regexp"

var (
	enhanced = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	smtpCode = regexp.MustCompile(`(?m)(?:^|[\s(:<"'])[45][0-5]\d[\s-]`)

	daemonNames = regexp.MustCompile(`(?i)mailer-?_?daemon|mail-?daemon|postmaster|mail(?:er)? delivery|delivery (?:sub)?system|mail (?:sub)?system|\bmdaemon\b|maildelivery|mail-?server@|` +
		`bounce[^@\s]*@|microsoftexchange[0-9a-f]+@|mail administrator|mail router|internet mail delivery|smtp gateway|system administrator|systemadministrator|administrateur système|smtpd?@`)

	failed = regexp.MustCompile(`(?i)undeliver|delivery (?:status )?notification|delivery (?:has )?fail|delivery status|delivery report|delivery problem|delivery error|delivery (?:to .{1,60} )?(?:failed|failure)|` +
		`failure (?:notice|delivery)|mail delivery fail|returned mail|returned e-?mail|mail failure|mail error|mail system error|message (?:status|delivery) failure|could ?n.t be delivered|could not be delivered|` +
		`not be delivered|not delivered|non[- ]?deliver|nondeliverable|message rejected|rejected mail|bounced|unable to deliver|returning message|message you sent .{0,40}(?:blocked|failed)|permanent (?:delivery )?failure|` +
		`message not (?:sent|delivered)|user unknown|unknown (?:user|recipient|address)|nicht zustellbar|unzustellbar|zustellung (?:fehlgeschlagen|gescheitert)|fehler bei der zustellung|benachrichtigung (?:zum|über den) ` +
		`(?:über)?(?:mittlungs|zustell|übermittlung)|zustellungsbenachrichtigung|non remis|échec de (?:la )?(?:remise|distribution|livraison)|impossible de (?:remettre|distribuer)|non distribu|notification d'état|avis de non|` +
		`no (?:se ha podido )?entrega|no entregado|no se pudo entregar|error de entrega|devuelto|não (?:foi )?entregue|falha na entrega|falha no envio|devolvid|mancata consegna|consegna .{0,30}(?:non riuscita|fallita)|` +
		`non recapitabil|onbestelbaar|niet bezorgd|kan niet worden (?:bezorgd|afgeleverd)|kunde inte levereras|inte att leverera|leveransfel|kunne ikke leveres|leveringsfejl|olevererbar|toimitus epäonnistui|niedostarczon|nie dostarczono|` +
		`zwrot(?:na)? (?:wiadomoś|poczt)|недостав|не доставлен|невозможно доставить|ошибка доставки|nedoručiteln|kézbesíthetetlen|teslim edilemedi|iletilemedi|退信|退回|无法投递|無法傳遞|未送达|投递失败|配信(?:不能|できません|エラー)|` +
		`送信できません|エラーメール|배달 ?(?:되지|실패|불가)|전송 ?실패|반송`)
	delayed = regexp.MustCompile(`(?i)\bdelayed\b|delivery delay|delay(?:ed)? (?:delivery|notification|mail)|warning: (?:could not send|message).{0,60}|still being retried|not yet been delivered|verzögert|verzögerung|retardé|retrasad|atrasad|ritardat`)

	couldNot = regexp.MustCompile(`(?i)(?:could|can|did|was|were|has|have|is|are|will)(?: ?not|n.t| failed)(?: yet)?(?: to)?(?: be| been)?(?: successfully)? (?:deliver|sent|send|accept|process|relay)|unable to (?:deliver|relay|send)|` +
		`undeliver|delivery (?:to .{1,100} )?(?:has |have )?failed|failed permanently|permanent (?:fatal )?error|failed to (?:deliver|reach)|following (?:address|recipient|error)|your (?:message|mail|e-?mail) .{0,100}(?:failed|rejected|returned|bounced|blocked|not)|` +
		`returned (?:to sender|mail)|(?:fatal|transient|session) (?:errors|transcript)|transcript of session|nicht (?:zugestellt|ausgeliefert|erreicht)|unzustellbar|n.a pas pu (?:être|etre)|impossible|no (?:se )?(?:ha )?pud|não (?:pôde|foi|pode)|` +
		`non (?:è stato|può)|kon niet|niet worden|kunde inte levereras|inte att leverera|reason (?:of|for) the delivery failure|не (?:может|удалось|был)|nie (?:może|udało|został)|配信でき|無法|无法|退信|전달되지|could not be`)

	// alive: reasons that say nothing about whether the address exists.
	alive = regexp.MustCompile(`(?i)(?:mailbox|inbox|account|storage|user'?s? (?:mailbox|quota)|recipient'?s? (?:mailbox|storage)|postfach|boîte|casella|buzón|caixa) .{0,40}(?:is |ist |est |está |è )?(?:full|voll|pleine|llena|piena|cheia)\b|` +
		`over ?quota|quota (?:exceeded|exceed|limit|has been|is)|exceed(?:s|ed|ing)? .{0,40}(?:quota|storage|mailbox size|limit)|exceeded storage|out ?of ?(?:disk|storage|space|quota)|mail(?:box)? (?:size )?limit|insufficient (?:system )?(?:storage|disk|space)|not enough (?:disk|storage|space)|mailfolder is full|is full\b|` +
		`suspended|temporarily|temporary|disabled|inactive|deactivated|locked|gesperrt|désactivé|not (?:currently )?active|blocked|block ?list|black ?list|blocklisted|denied|denylist|spam|junk|virus|malware|phish|reputation|spamhaus|sorbs|barracuda|dnsbl|\brbl\b|` +
		`policy|policies|prohibited|not allowed|not permitted|unauthor|not authori|authentic|\bspf\b|dkim|dmarc|sender (?:address )?(?:rejected|verif|denied|unknown|domain)|bad sender|invalid sender|content (?:rejected|filter)|rejected (?:as|due|for|by) .{0,40}(?:content|filter)|` +
		`relay|too (?:large|big|long|many|much|fast|frequent)|size (?:limit|exceed)|maximum (?:message )?size|message (?:size|exceeds)|larger than|rate[- ]?limit|\brate\b|throttl|greylist|graylist|grey-list|try again|try later|retry (?:timeout|time)|` +
		`timed? ?out|timeout|expired|gave up|giving up|too old|hop count|loop|could not connect|connection (?:refused|reset|lost|timed|died|dropped)|unreachable|no route|network|lost connection|deferred|resources|overload|busy|unavailable(?: at this time| now)?[.;]? (?:please )?try|` +
		`starttls|\btls\b|certificate|protocol|syntax|local (?:error|configuration)|configuration error|dns (?:error|timeout|fail)|server (?:error|failure)|system error|bounce ?loop|complaint|restricted|whitelist|challenge|verify your`)

	// gone: reasons that say that the address, or its host, takes no mail.
	gone = regexp.MustCompile(`(?i)(?:no such|unknown|invalid|nonexistent|non-existent|bad|incorrect|not a valid|not a known|undefined|unrecognized|illegal|unrouteable|unroutable|unresolvable|unavailable) (?:local )?(?:e-?mail )?(?:user|recipient|address|mailbox|account|alias|person|addressee|destination|name here|local|domain|host|id|customer|rcpt|member|subscriber|forwarding)|` +
		`(?:user|recipient|address|mailbox|account|addressee|person|alias|domain|host|name|id|destination|customer|subscriber|member)(?: name| address| account|\(s\)|s)?(?: .{0,80}?)?(?: is| was| are| were| has| have|:|,)? ?(?:unknown|not (?:be )?(?:found|exist|known|valid|listed|recogni[sz]ed|local|here|our customer|have a)|does ?n.t exist|does not exist|doesn.t have|did not exist|do(?:es)? not have|not on this|nonexistent|no longer|invalid|unrouteable|undefined|` +
		`removed|deleted|closed|terminated|cancel+ed|discontinued|moved|unavailable\b)|` +
		`no (?:mailbox|account|user|recipient|person|one|valid recipient|mx|such|longer (?:valid|available|with|works?|employed|in use|exists?|accept))|(?:isn.t|is not|not) (?:a )?(?:valid|known|recogni[sz]ed|an? (?:valid|active|existing))|does ?n.t accept (?:any )?mail|does not accept (?:any )?mail|null ?mx|doesn.t like recipient|` +
		`address (?:not found|rejected|error|lookup|couldn.t be found)|couldn.t be found|could not be found|wasn.t found|not found|recipient (?:address )?rejected|recipnotfound|resolver\.adr|user doesn.t|host (?:unknown|or domain name not found)|name (?:service error|or service not known)|` +
		`unknown (?:in|to|or)|mailbox unavailable|has moved|undeliverable address|domain (?:name )?(?:is )?(?:invalid|expired)|nxdomain|can.t find|all relevant mx records|existiert nicht|unbekannt|nicht gefunden|inconnu|n.existe pas|n.existe plus|introuvable|` +
		`no existe|desconocid|no encontrad|não existe|inexistente|desconhecid|non esiste|sconosciut|bestaat niet|onbekend|finns inte|findes ikke|ei ole olemassa|nie istnieje|nieznany|не существует|не найден|неизвестн|neexistuje|nem létezik|bulunamadı|不存在|存在しません|見つかり|존재하지|없는 (?:사용자|메일)`)

	vacation = regexp.MustCompile(`(?i)out of (?:the )?office|auto(?:matic(?:ally)?)?[- ]?(?:generated )?(?:reply|response|responder|answer)|autoreply|away from|on (?:vacation|holiday|leave|annual leave)|vacation|abwesen|automatische (?:antwort|reaktion|rückmeldung)|réponse automatique|` +
		`absence|absent|respuesta automática|fuera de (?:la )?oficina|resposta automática|fora do escritório|ausência|ausente|risposta automatica|fuori (?:sede|ufficio)|assente|automatisch antwoord|afwezig|autosvar|frånvaro|fravær|ikke til stede|poissa|automaattinen|` +
		`autoodpowiedź|automatyczna odpowiedź|nieobecn|автоответ|автоматический ответ|вне офиса|отпуск|automatická odpověď|mimo kancelář|automatikus válasz|otomatik yanıt|ofis dışında|自動応答|自動返信|不在|自动回复|自動回覆|外出|부재|자동 ?응답|자동 ?회신|رد تلقائي|خارج المكتب|מענה אוטומטי|מחוץ למשרד`)
)
