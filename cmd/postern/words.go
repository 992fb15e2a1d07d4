package main

import (
	"fmt"
	"strconv"
	"strings"

	pages "github.com/postern-chat/postern/gateway/help"
	"github.com/postern-chat/postern/gateway/mail"
	"github.com/postern-chat/postern/widget"
)

// helpPages draws the help centers in the languages of the user interface.
func helpPages() (*pages.Pages, error) {
	texts, err := widget.HelpTexts()
	if err != nil {
		return nil, err
	}
	return pages.New(texts)
}

// staff makes the letters to the staff. Of the policy they lead to its admin page, of all else to the console.
func staff(domain, policy, console string) (mail.Staff, error) {
	texts, err := widget.MailTexts()
	if err != nil {
		return mail.Staff{}, err
	}
	word := func(locale, key string) string {
		lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
		words, ok := texts[lang]
		if !ok {
			words = texts["en"]
		}
		return words["mail."+key]
	}
	words := func(locale, what string) (string, string, bool) {
		subject, text, link := word(locale, what+".subject"), word(locale, what+".text"), console
		if what == "policy" {
			link = policy
		}
		return subject, strings.ReplaceAll(text, "{link}", link), subject != "" && text != ""
	}
	return mail.Staff{Domain: domain, Words: words, Word: word}, nil
}

// remindText gives mail.Composer what a ticket's reminder says.
func remindText() (func(locale, mailbox, until string) string, error) {
	text, err := mailWords("mail.idle")
	if err != nil {
		return nil, err
	}
	return func(locale, mailbox, until string) string {
		return strings.NewReplacer("{mailbox}", mailbox, "{until}", until).Replace(text(locale))
	}, nil
}

// rateLine gives mail.Composer its line.
func rateLine() (func(locale, mailbox, link string) string, error) { return linkLine("mail.rate") }

// continueLine gives mail.Composer the line that leads into a chat.
func continueLine() (func(locale, mailbox, link string) string, error) {
	return linkLine("mail.continue")
}

func linkLine(key string) (func(locale, mailbox, link string) string, error) {
	text, err := mailWords(key)
	return func(locale, mailbox, link string) string {
		return strings.NewReplacer("{mailbox}", mailbox, "{link}", link).Replace(text(locale))
	}, err
}

// confirmText gives mail.Composer the words of a confirmation.
func confirmText() (func(locale, mailbox string, number uint64) string, error) {
	text, err := mailWords("mail.confirm")
	return func(locale, mailbox string, number uint64) string {
		return strings.NewReplacer("{mailbox}", mailbox, "{number}", "#"+strconv.FormatUint(number, 10)).Replace(text(locale))
	}, err
}

// mailWords gives one text of the mails in the languages of the user interface; a locale without it reads English.
func mailWords(key string) (func(locale string) string, error) {
	texts, err := widget.MailTexts()
	if err != nil {
		return nil, err
	}
	english := texts["en"][key]
	if english == "" {
		return nil, fmt.Errorf("the texts of mails have no English %s", key)
	}
	return func(locale string) string {
		lang, _, _ := strings.Cut(strings.ToLower(locale), "-")
		if text, ok := texts[lang][key]; ok {
			return text
		}
		return english
	}, nil
}
