package receipt

import (
	"slices"
	"time"

	"github.com/postern-chat/postern/verify"
)

// pastExp is how long ago an ID token's exp may be: freshness comes from t0, and a receipt may come late.
const pastExp = 15 * time.Minute

// idToken is step 5 for an ID token: the provider's own signature says that sub logged in for this commitment
// and no other. Whoever runs the gateway cannot make one.
func (c Checker) idToken(r verify.Claims, now int64) (verify.Level, error) {
	if len(c.IDPs) == 0 {
		return "", verify.Refuse(verify.EvidenceMissing)
	}
	i := slices.IndexFunc(c.IDPs, func(p IDP) bool { return p.Issuer == r.SubIss && p.Issuer != "" })
	if i < 0 {
		return "", verify.Refuse(verify.EvidenceIss)
	}
	at := time.Unix(now, 0)
	t, err := verify.OpenIDToken(r.Ev.JWT, c.IDPs[i].Keys, at)
	if err != nil {
		return "", verify.RefuseCause(verify.EvidenceSig, err)
	}
	level, why := c.IDPs[i].Judge(t, r.Commit, r.T0, at, pastExp)
	if why != "" {
		return "", verify.Refuse(verify.EvidenceReason(why))
	}
	if r.Sub == "" || !verify.Equal(t.Subject, r.Sub) {
		return "", verify.Refuse(verify.EvidenceSubjectMismatch)
	}
	return level, nil
}
