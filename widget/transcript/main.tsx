import { type JSX, render } from "preact";
import "../kit/tokens.css";
import "../rate/rate.css";
import "./transcript.css";
import { keepFocus } from "../kit/focus";
import { speak, t } from "../kit/i18n";
import { App } from "./app";
import { begin, kept, own } from "./kept";

const files = {
	en: () => import("./i18n/en.json", { with: { type: "json" } }),
	ar: () => import("./i18n/ar.json", { with: { type: "json" } }),
};
// Another link of the same page: everything begins anew.
addEventListener("hashchange", () => location.reload());
// Secrets leave the address before anything else.
const hash = location.hash.slice(1);
const from = new URLSearchParams(location.search).get("back") ?? "";
if (hash || from) history.replaceState(null, "", location.pathname);
const back = hash.startsWith("postern=") ? hash.slice("postern=".length) : "";
const mailbox = document.documentElement.dataset.mailbox;
const root = document.getElementById("app");

async function link(): Promise<JSX.Element> {
	const keeps = hash && !back ? begin(hash) : kept();
	await speak(navigator.language, files);
	document.title = t("transcript.title");
	return <App kept={keeps} back={back} />;
}
/** The page of one's own conversations. A reload of what was read begins with a login again. */
async function list(mailbox: string): Promise<JSX.Element> {
	const keeps = own(mailbox, from, back !== "");
	const [{ OwnPage }] = await Promise.all([import("./own"), speak(navigator.language, files)]);
	document.title = t("tickets.title");
	return <OwnPage kept={keeps} back={back} />;
}
void (mailbox ? list(mailbox) : link()).then((page) => {
	if (!root) return;
	keepFocus(root);
	render(page, root);
});
