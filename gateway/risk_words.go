package gateway

import "strings"

// pressures are phrases by which somebody is pressed: to hurry, by rank, by threat, for an exception. Without accents
// and apostrophes, one a line. Calls for haste alone are ordinary, so they are here only with what makes them a push.
func pressures() []string {
	return strings.Split(strings.TrimSpace(pressureWords), "\n")
}

const pressureWords = `
right now or
this instant
i demand
i order you
do as i say
you have to do it
you must do it
just do it
just this once
just this one time
make an exception
one time exception
bend the rules
skip the verification
skip verification
skip the check
skip the login
without logging in
without verification
without the login
bypass the
override it
dont need to verify
no need to verify
you dont need proof
do it manually
change it manually
do it for me manually
i will sue
my lawyer
our lawyer
legal action
you will be fired
get you fired
lose your job
your manager
your supervisor
your boss
i am the ceo
im the ceo
i am the owner of the company
from the head office
i work for the police
this is the police
five star review
one star review
other agent did it
your colleague did it
your colleague told me
the last agent
keep this between us
dont tell
i will pay you
life or death
i am losing money every minute
machen sie eine ausnahme
nur dieses eine mal
ohne anmeldung
ohne verifizierung
ohne prufung
mein anwalt
ich verklage
ihr vorgesetzter
ihr kollege hat
sofort oder
faites une exception
juste cette fois
sans connexion
sans verification
mon avocat
votre superieur
votre collegue
haga una excepcion
solo esta vez
sin verificacion
sin iniciar sesion
mi abogado
su supervisor
su companero
faccia uneccezione
solo per questa volta
senza verifica
il mio avvocato
faca uma excecao
so desta vez
sem verificacao
meu advogado
maak een uitzondering
alleen deze keer
zonder verificatie
mijn advocaat
zrob wyjatek
tylko ten raz
bez weryfikacji
moj prawnik
bir istisna yap
sadece bu seferlik
dogrulama olmadan
avukatim
استثناء
هذه المرة فقط
بدون تحقق
بدون تسجيل الدخول
المحامي
مديرك
`

// providersOfMail are domains that people have their mail at: what imitates one is not where it seems to be.
func providersOfMail() []string {
	return strings.Fields(`gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com icloud.com me.com mac.com aol.com
		proton.me protonmail.com gmx.de gmx.net gmx.com web.de t-online.de mail.com zoho.com fastmail.com yandex.com qq.com 163.com
		orange.fr free.fr laposte.net libero.it wp.pl onet.pl seznam.cz comcast.net verizon.net att.net btinternet.com`)
}
