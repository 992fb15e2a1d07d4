package main

import (
	"fmt"
	"os"

	"github.com/postern-chat/postern/gateway/mail"
)

// key reads one signing key. Errors never hold it.
func (d DKIMConfig) key() (mail.SigningKey, error) {
	text, err := os.ReadFile(d.KeyFile)
	if err != nil {
		return mail.SigningKey{}, fmt.Errorf("key_file: %w", err)
	}
	return mail.NewSigningKey(d.Domain, d.Selector, text)
}

// signatures reads the keys of outgoing mail.
func (s SMTP) signatures() (out mail.Signatures, err error) {
	for i, d := range s.DKIM {
		k, err := d.key()
		if err != nil {
			return nil, fmt.Errorf("smtp.dkim %d: %w", i+1, err)
		}
		out = append(out, k)
	}
	return out, nil
}

// dkimMistakes says what is wrong with the keys.
func (s SMTP) dkimMistakes() (bad Mistakes) {
	seen := map[string]bool{}
	for i, d := range s.DKIM {
		name := fmt.Sprintf("smtp.dkim %d", i+1)
		k, err := d.key()
		bad.add(name, err)
		if err == nil && seen[k.Name()] {
			bad = append(bad, name+": this selector stands there twice")
		}
		if err == nil {
			seen[k.Name()] = true
		}
	}
	return bad
}

// writers gives what makes outgoing mail: answers and confirmations, and letters to the staff.
func (a *App) writers(c Config, tokens mail.Tokens) (out mail.Composer, letters mail.Staff, err error) {
	out = mail.Composer{Tokens: tokens, Domain: a.URL.Hostname(), RatePage: a.URL.JoinPath("rate").String()}
	if out.RateLine, err = rateLine(); err != nil {
		return out, letters, err
	}
	out.ContinuePage = a.URL.JoinPath("continue").String()
	if out.ContinueLine, err = continueLine(); err != nil {
		return out, letters, err
	}
	if out.ConfirmText, err = confirmText(); err != nil {
		return out, letters, err
	}
	if out.RemindText, err = remindText(); err != nil {
		return out, letters, err
	}
	if letters, err = staff(out.Domain, a.URL.JoinPath("admin", "verification").String(), a.URL.JoinPath("console").String()); err != nil {
		return out, letters, err
	}
	out.Sign, err = c.SMTP.signatures()
	letters.Sign = out.Sign
	return out, letters, err
}
