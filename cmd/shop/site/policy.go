package site

import "strings"

// Kinds of change that the shop's backend knows. It refuses all others, whatever the gateway's policy says.
const (
	kindEmail      = "email.change"
	kindRenewal    = "renewal.cancel"
	kindPlan       = "plan.change"
	kindName       = "name.change"
	kindNewsletter = "newsletter.change"
	kindAddress    = "address.change"
)

// PolicyTOML is the shop's policy file for the gateway (policy_file): its change kinds, for the host entry named
// host, with self-service pages under origin.
func PolicyTOML(host, origin string) string {
	return strings.NewReplacer("HOST", host, "ORIGIN", strings.TrimRight(origin, "/")).Replace(policyTOML)
}

const policyTOML = `# Change kinds of the shop. Nothing of recovery.* can be one: who cannot log in goes to the shop's own page.

[[kind]] # only a guide: people do it themselves in their settings
name = "email.change"
host = "HOST"
tier = "sensitive"
cooling = 24
title = {en = "Change your login e-mail", ar = "تغيير بريد تسجيل الدخول"}
self_service = "ORIGIN/account/settings#email"
field = [{name = "email", as = "email", label = {en = "New e-mail", ar = "البريد الجديد"}}]

[[kind]]
name = "renewal.cancel"
host = "HOST"
tier = "plain"
title = {en = "Cancel the renewal of your plan", ar = "إلغاء تجديد اشتراكك"}
assisted = true
self_service = "ORIGIN/account/plan"
field = [{name = "plan", as = "enum", values = ["basic", "plus"], label = {en = "Plan", ar = "الاشتراك"}}]

[[kind]]
name = "plan.change"
host = "HOST"
tier = "plain"
title = {en = "Change your plan", ar = "تغيير اشتراكك"}
assisted = true
self_service = "ORIGIN/account/plan"
field = [{name = "plan", as = "enum", values = ["basic", "plus"], label = {en = "New plan", ar = "الاشتراك الجديد"}}]

[[kind]]
name = "name.change"
host = "HOST"
tier = "plain"
title = {en = "Change your display name", ar = "تغيير اسم العرض"}
field = [{name = "name", as = "text", max = 80, label = {en = "New name", ar = "الاسم الجديد"}}]

[[kind]]
name = "newsletter.change"
host = "HOST"
tier = "plain"
title = {en = "Change your newsletter setting", ar = "تغيير إعداد النشرة"}
field = [{name = "newsletter", as = "enum", values = ["on", "off"], label = {en = "Newsletter", ar = "النشرة"}}]

[[kind]] # nothing is changed: the assigned agent sees this for ten minutes from the login on
name = "account.read"
host = "HOST"
tier = "read"
title = {en = "Show account details to support", ar = "إظهار بيانات الحساب للدعم"}
field = [{name = "fields", as = "set", values = ["orders", "plan", "status"], label = {en = "What support will see", ar = "ما سيراه الدعم"}}]

[[kind]] # where parcels go: the gate asks for a senior agent
name = "address.change"
host = "HOST"
tier = "sensitive"
cooling = 24 # hours that a login at an OpenID provider waits; the shop's own page needs no wait
title = {en = "Change your delivery address", ar = "تغيير عنوان التوصيل"}
assisted = true
self_service = "ORIGIN/account/settings#address"
field = [{name = "address", as = "text", max = 200, label = {en = "New delivery address", ar = "عنوان التوصيل الجديد"}}]
`
