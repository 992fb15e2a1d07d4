import { render } from "preact";
import "../kit/tokens.css";
import "./visitor.css";
import { keepFocus } from "../kit/focus";
import { dir, use } from "../kit/i18n";
import { App } from "./app";
import { type Init, Session } from "./session";
import * as st from "./state";

type Down = { t: string; id?: number; verb?: string; v?: unknown };

/** The first message only, from the window that frames us, if the mailbox allows its origin. */
function first(e: MessageEvent): void {
	const port = e.ports[0];
	const allowed = (document.documentElement.dataset.origins ?? "").split(" ");
	if (e.source !== window.parent || !allowed.includes(e.origin) || !port || (e.data as Init).t !== "init") return;
	removeEventListener("message", first);
	const init = e.data as Init;
	const s = new Session(port, init);
	addEventListener("keydown", (e) => {
		if (e.key === "Escape" && !e.isComposing) s.up({ t: "close" });
	});
	port.onmessage = (m) => void down(s, port, m.data as Down);
	void speak(init.locale ?? "en").then(() => {
		const root = document.getElementById("app");
		if (root) {
			keepFocus(root);
			render(<App s={s} />, root);
		}
		port.postMessage({ t: "ready" });
		return s.start();
	});
}
/** One language is loaded, the one that is shown. */
async function speak(lang: string): Promise<void> {
	const ar = lang.startsWith("ar");
	const file = ar
		? await import("../kit/i18n/ar.json", { with: { type: "json" } })
		: await import("../kit/i18n/en.json", { with: { type: "json" } });
	use(ar ? "ar" : "en", file.default);
	document.documentElement.lang = ar ? "ar" : "en";
	document.documentElement.dir = dir();
	st.locale.value = document.documentElement.lang;
}
async function down(s: Session, port: MessagePort, m: Down): Promise<void> {
	if (m.t === "shown") {
		st.shown.value = Boolean(m.v);
		if (m.v) focus();
	}
	if (m.t !== "verb") return;
	try {
		await verb(s, String(m.verb), m.v);
		port.postMessage({ t: "re", id: m.id });
	} catch (e) {
		port.postMessage({ t: "re", id: m.id, code: e instanceof Error ? e.message : "internal" });
	}
}
/** A frame that was hidden learns some moments later that it is drawn; until then nothing in it takes the focus. */
function focus(): void {
	const first =
		document.querySelector<HTMLElement>("[data-first]") ?? document.querySelector<HTMLElement>("main button");
	first?.focus();
	if (first && st.shown.value && document.activeElement === document.body) requestAnimationFrame(focus);
}
async function verb(s: Session, name: string, v: unknown): Promise<void> {
	if (name === "view") return view(v as string);
	if (name === "article") return s.read(String(v));
	if (name === "identify") return s.identify(v as { token?: string });
	if (name === "search") {
		st.query.value = String(v);
		st.screen.value = "home";
	} else if (name === "prefill") st.prefill.value = v as Record<string, string>;
	else if (name === "locale") await speak(String(v));
	else if (name === "theme") look(v as { color?: string; scheme?: string });
	else throw new Error("unsupported");
}
function view(to: string): void {
	if (to === "chat") st.screen.value = st.current.value ? "chat" : "form";
	else if (to === "messages") st.screen.value = "messages";
	else if (to === "home") st.screen.value = "home";
	focus();
}
/** The host's or the mailbox's colour, set without any style text. */
function look(v: { color?: string; scheme?: string }): void {
	if (v.scheme === "light" || v.scheme === "dark") document.documentElement.dataset.scheme = v.scheme;
	if (v.color && /^#[\da-f]{6}$/i.test(v.color)) document.documentElement.style.setProperty("--accent", v.color);
}
// A file that is dropped anywhere must not take the place of the panel; a conversation takes it (composer.tsx).
for (const name of ["dragover", "drop"] as const)
	addEventListener(name, (e) => e.dataTransfer?.types.includes("Files") && e.preventDefault());
addEventListener("message", first);
