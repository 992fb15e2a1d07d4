import { render } from "preact";
import "../kit/tokens.css";
import "../rate/rate.css";
import "./continue.css";
import { keepFocus } from "../kit/focus";
import { App } from "./app";
import { arrival, Kept } from "./kept";
import { speak } from "./lang";

// Another link of the same page: everything begins anew.
addEventListener("hashchange", () => location.reload());
// Secrets leave the address before anything else.
const { link, back } = arrival(location.hash);
if (location.hash || location.search) history.replaceState(null, "", location.pathname);
const mailbox = document.documentElement.dataset.mailbox ?? "";
void speak(navigator.language).then(() => {
	const root = document.getElementById("app");
	if (!root) return;
	keepFocus(root);
	render(<App mailbox={mailbox} link={link || Kept.last(mailbox)} back={back} />, root);
});
