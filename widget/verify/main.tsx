import { render } from "preact";
import "../kit/tokens.css";
import "./verify.css";
import { speak, t } from "../kit/i18n";
import { call, Refused, web } from "./api";
import { Note, Page, words } from "./page";

const root = document.getElementById("app") as HTMLElement;

const files = {
	en: () => import("./i18n/en.json", { with: { type: "json" } }),
	ar: () => import("./i18n/ar.json", { with: { type: "json" } }),
};
/** Trades the start token for the provider's login page. The token leaves the address before anything else. */
async function start(token: string): Promise<void> {
	try {
		const { next } = await call<{ next: string }>("/verify/start", { token });
		const to = web(next);
		if (!to) throw new Refused("internal");
		location.replace(to);
	} catch (e) {
		render(<Note text={words(e)} alert />, root);
	}
}
const token = location.hash.slice(1);
if (token) history.replaceState(null, "", location.pathname);
void speak(navigator.language, files).then(() => {
	document.title = t("confirm.title");
	const code = document.documentElement.dataset.code;
	if (code) return render(<Note text={words(new Refused(code))} alert />, root);
	if (location.pathname !== "/verify/start") return render(<Page />, root);
	render(<Note text={t("confirm.starting")} />, root);
	return start(token);
});
