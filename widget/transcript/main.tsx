import { render } from "preact";
import "../kit/tokens.css";
import "../rate/rate.css";
import "./transcript.css";
import { keepFocus } from "../kit/focus";
import { speak, t } from "../kit/i18n";
import { App } from "./app";
import { begin, kept } from "./kept";

const files = {
	en: () => import("./i18n/en.json", { with: { type: "json" } }),
	ar: () => import("./i18n/ar.json", { with: { type: "json" } }),
};
// Another link of the same page: everything begins anew.
addEventListener("hashchange", () => location.reload());
// Secrets leave the address before anything else.
const hash = location.hash.slice(1);
if (hash) history.replaceState(null, "", location.pathname);
const back = hash.startsWith("postern=") ? hash.slice("postern=".length) : "";
const keeps = hash && !back ? begin(hash) : kept();
void speak(navigator.language, files).then(() => {
	const root = document.getElementById("app");
	if (!root) return;
	document.title = t("transcript.title");
	keepFocus(root);
	render(<App kept={keeps} back={back} />, root);
});
