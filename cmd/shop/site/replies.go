package site

// Reply is a saved reply: {name} and {name|fallback} are filled in by the gateway when an agent inserts it.
type Reply struct {
	Title, Text string
	Mailbox     string // slug of the one mailbox that has it; "" = all
}

// Replies are the saved replies of the shop's own agents.
func Replies() []Reply {
	return []Reply{
		{Title: "Hello", Text: "Hello {visitor.name|there}, this is {agent.name|the tea desk}. How can I help?"},
		{Title: "One moment", Text: "One moment please, I am looking into it."},
		{Title: "Anything else", Text: "Glad that is sorted. Is there anything else I can do for you today?"},
		{Title: "Goodbye", Text: "Thank you for writing to us, {visitor.name|and enjoy your tea}. Have a good day!"},
		{Title: "We never ask for a password", Text: "Please do not send me your password or any code: nobody here will ever ask for it. If a change needs you to log in, a card with a button appears in this chat, and you log in on our own page."},
		{Title: "How confirming works", Text: "I have offered the change. Press “Log in to confirm” on the card, log in on our page, read what it says, and press Approve there. If something looks wrong, press “Not me” and nothing is changed."},
		{Title: "Change your e-mail yourself", Text: "You can change your login e-mail yourself: open Settings in your account, enter the new address and your password, and save. It takes a minute and I cannot see it happen."},
		{Title: "Where is my order", Mailbox: "orders", Text: "Could you tell me the order number? It stands in the confirmation and on your Orders page."},
		{Title: "Parcel on its way", Mailbox: "orders", Text: "Your parcel has left our packing table. Most parcels arrive within two to four working days; the tracking line on the order page moves once a day."},
		{Title: "Damaged parcel", Mailbox: "orders", Text: "I am sorry that it arrived like this. Please attach a photo of the box and of the tin here in the chat; a replacement goes out the same day."},
		{Title: "Returns", Mailbox: "orders", Text: "Unopened tins can come back within 30 days. Put the order number in the box; the label is on the order page under “Return something”."},
		{Title: "Renewal date", Mailbox: "accounts", Text: "Your plan page shows the day of the next renewal. If you cancel before it, nothing more is charged, and the boxes already paid for still come."},
		{Title: "Cannot log in", Mailbox: "accounts", Text: "If you cannot log in, please use “Forgot your password?” on the sign-in page. I cannot do it from here for anybody: that keeps your account yours."},
		{Title: "Wholesale terms", Mailbox: "wholesale", Text: "Wholesale starts at 5 kg for each tea, with prices for cafés and shops. Tell me your business name, town and the teas you are after, and you get a list by e-mail within two working days."},
	}
}
