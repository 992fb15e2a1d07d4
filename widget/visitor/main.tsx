import { render } from "preact";
import "../kit/tokens.css";
import "./visitor.css";
import { App } from "./app";
import { current, type Init, prefill, query, type Screen, Session, screen, speak } from "./session";

type Down = { t: string; id?: number; verb?: string; v?: unknown };

/** The first message only, and only from the window that frames us; the server's frame-ancestors names its origins. */
function first(e: MessageEvent): void {
	const port = e.ports[0];
	if (e.source !== window.parent || !port || (e.data as Init).t !== "init") return;
	removeEventListener("message", first);
	const s = new Session(port, e.data as Init);
	port.onmessage = (m) => void down(port, m.data as Down, s);
	void speak(document.documentElement.lang).then(() => {
		const root = document.getElementById("app");
		if (root) render(<App s={s} />, root);
		port.postMessage({ t: "ready" });
		return s.start();
	});
}
async function down(port: MessagePort, m: Down, s: Session): Promise<void> {
	if (m.t === "opened") document.querySelector<HTMLElement>("[data-first]")?.focus();
	if (m.t !== "verb") return;
	const answer = (code?: string) => port.postMessage({ t: "re", id: m.id, code });
	if (m.verb === "view") screen.value = m.v === "chat" && !current.value ? "form" : (m.v as Screen);
	else if (m.verb === "search") query.value = String(m.v);
	else if (m.verb === "identify")
		return answer(await s.identify(String((m.v as { token?: unknown } | undefined)?.token ?? "")));
	else if (m.verb === "prefill") prefill.value = m.v as Record<string, string>;
	else if (m.verb === "locale") await speak(String(m.v));
	else if (m.verb === "theme") look(m.v as { color?: string; scheme?: string });
	else return answer("unsupported");
	answer();
}
function look(v: { color?: string; scheme?: string }): void {
	if (v.scheme) document.documentElement.dataset.scheme = v.scheme;
	if (v.color && /^#[\da-f]{6}$/i.test(v.color)) document.documentElement.style.setProperty("--accent", v.color);
}
addEventListener("message", first);
