import { effect } from "@preact/signals";
import { render } from "preact";
import "../kit/ui/index.css";
import "./frame.css";
import "./list.css";
import "./top.css";
import "./offer.css";
import "./thread.css";
import "./composer.css";
import "./ties.css";
import "./side.css";
import "./verify.css";
import "./pages.css";
import "./narrow.css";
import { t } from "../kit/i18n";
import { look, prefs } from "../kit/ui";
import { App } from "./app";
import { keepClocks } from "./clocks";
import { speak } from "./lang";
import { Session } from "./session";
import { message, ring, unlock } from "./sound";
import { news, rings, screen } from "./state";

const icon = (dot: boolean) =>
	`data:image/svg+xml,${encodeURIComponent(
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#2f4bc7"/><path d="M8 25V14a8 8 0 0 1 16 0v11M13 25V15m6 10V15" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/>${dot ? '<circle cx="25" cy="7" r="6" fill="#b3261e"/>' : ""}</svg>`,
	)}`;

/** Title and favicon say what waits, so that another tab shows it too. */
function badge(): void {
	const link = document.createElement("link");
	link.rel = "icon";
	document.head.append(link);
	effect(() => {
		const n = rings.value.length + news.value;
		const what = rings.value.length ? t("title.ring") : t("title.console");
		document.title = n ? `(${n}) ${what}` : what;
		link.href = icon(n > 0);
	});
	let stop: ReturnType<typeof setInterval> | undefined;
	effect(() => {
		const on = rings.value.length > 0 && prefs.value.sound;
		if (on && !stop) {
			ring();
			stop = setInterval(ring, 2200);
		} else if (!on) {
			clearInterval(stop);
			stop = undefined;
		}
	});
}
async function begin(): Promise<void> {
	look();
	await speak(prefs.value.lang);
	const s = new Session(() => prefs.value.sound && message());
	for (const ev of ["pointerdown", "keydown"]) addEventListener(ev, unlock, { once: true });
	const root = document.getElementById("app");
	if (root) render(<App s={s} />, root);
	badge();
	keepClocks();
	if (location.hash.startsWith("#password=")) screen.value = "password";
	else await s.start();
}
void begin();
