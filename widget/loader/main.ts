import { readKey, writeKey } from "./store";

type Call = [unknown[], (v: unknown) => void, (e: unknown) => void];
type API = ((...args: unknown[]) => Promise<unknown>) & { q?: Call[] };
type Up = { t: string; [k: string]: unknown };
const w = window as typeof window & { Postern?: API };
const me = document.currentScript as HTMLScriptElement | null;
const origin = new URL(me?.src ?? location.href).origin;
let mailbox = me?.dataset.mailbox ?? "";

// The finish token leaves the address before anything else can read it.
const back = /^#postern=([\w.~-]+)$/.exec(location.hash)?.[1];
if (back) history.replaceState(history.state, "", location.pathname + location.search);

const slot = `postern:${mailbox}`;
let kept: Record<string, unknown> = {};
let storage = true;
try {
	const raw: unknown = JSON.parse(localStorage.getItem(slot) ?? "{}");
	if (raw && typeof raw === "object") kept = raw as Record<string, unknown>;
} catch {
	storage = false;
}
function keep(k: string, v: unknown): void {
	kept[k] = v;
	try {
		localStorage.setItem(slot, JSON.stringify(kept));
	} catch {
		storage = false;
	}
}

const css = `:host{all:initial;position:fixed;inset-block-end:16px;inset-inline-end:16px;z-index:2147483000;font:600 15px system-ui}
:host([data-side=start]){inset-inline:16px auto}
button{min-width:56px;min-height:56px;border:0;border-radius:28px;background:var(--c,#2f4bc7);color:#fff;font:inherit;cursor:pointer}
button:focus-visible{outline:2px solid var(--c,#2f4bc7);outline-offset:3px}
iframe{position:absolute;inset-block-end:72px;inset-inline-end:0;width:384px;height:min(640px,calc(100vh - 112px));border:0;border-radius:14px;box-shadow:0 12px 40px #0f121738;background:Canvas}
:host([data-side=start]) iframe{inset-inline:0 auto}
[hidden]{display:none!important}
@media(max-width:480px){iframe{position:fixed;inset:0;width:100%;height:100%;border-radius:0}}`;

const host = document.createElement("postern-chat");
const root = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
root.adoptedStyleSheets = [sheet];
const button = document.createElement("button");
button.type = "button";
button.ariaExpanded = "false";
button.ariaHasPopup = "dialog";
button.ariaLabel = "Open support chat";
button.textContent = "?";
root.append(button);

let frame: HTMLIFrameElement | undefined;
let port: MessagePort | undefined;
let ready: Promise<void> | undefined;
let shown = false;
let next = 1;
const waits = new Map<number, Call>();
const hears = new Map<string, Set<(v: unknown) => void>>();
const fire = (name: string, v?: unknown) => {
	for (const fn of [...(hears.get(name) ?? [])]) fn(v);
};

function make(): Promise<void> {
	ready ??= new Promise((done) => {
		const f = document.createElement("iframe");
		frame = f;
		f.title = "Support chat";
		f.hidden = true;
		f.src = `${origin}/widget/frame?mailbox=${encodeURIComponent(mailbox)}`;
		f.onload = async () => {
			const c = new MessageChannel();
			port = c.port1;
			port.onmessage = (m) => {
				if (m.data.t === "ready") done();
				take(m.data as Up);
			};
			const key = await readKey(slot).catch(() => undefined);
			const init = { t: "init", ...kept, key, back, storage, page: location.origin + location.pathname, mailbox };
			f.contentWindow?.postMessage(init, origin, [c.port2]);
		};
		root.append(f);
	});
	return ready;
}
function take(m: Up): void {
	if (m.t === "keep") keep(String(m.k), m.v);
	else if (m.t === "key") writeKey(slot, m.v as CryptoKeyPair).catch(() => undefined);
	else if (m.t === "close") show(false);
	else if (m.t === "go" && /^https?:/.test(String(m.url))) location.assign(String(m.url));
	else if (m.t === "color") host.style.setProperty("--c", String(m.v));
	else if (m.t === "label") button.ariaLabel = String(m.v);
	else if (m.t === "event") fire(String(m.name), m.v);
	else if (m.t === "re") {
		const call = waits.get(Number(m.id));
		waits.delete(Number(m.id));
		if (m.code) call?.[2](new Error(String(m.code)));
		else call?.[1](m.v);
	} else if (m.t === "ready") fire("ready");
}
function show(on: boolean): void {
	if (shown === on) return;
	shown = on;
	button.ariaExpanded = String(on);
	if (frame) frame.hidden = !on;
	if (on) {
		port?.postMessage({ t: "opened" });
		frame?.focus();
	} else button.focus();
	fire(on ? "open" : "close");
}
const open = async () => {
	const made = make();
	show(true);
	await made;
	port?.postMessage({ t: "opened" });
};
function ask(verb: string, v: unknown): Promise<unknown> {
	return make().then(
		() =>
			new Promise((ok, no) => {
				waits.set(next, [[], ok, no]);
				port?.postMessage({ t: "verb", id: next++, verb, v });
			}),
	);
}
const asked = ["identify", "prefill", "search", "article", "suggest", "attributes", "locale", "theme"];
async function call(verb: string, a?: unknown, b?: unknown): Promise<unknown> {
	if (asked.includes(verb)) {
		if (verb === "theme") host.dataset.side = String((a as { side?: string })?.side ?? "end");
		if (["search", "article", "suggest"].includes(verb)) await open();
		return ask(verb, a);
	}
	switch (verb) {
		case "open":
			await open();
			return ask("view", a ?? "home");
		case "close":
			return show(false);
		case "toggle":
			return shown ? show(false) : open();
		case "show":
		case "hide":
			button.hidden = verb === "hide";
			return;
		case "on":
		case "once": {
			const name = String(a);
			const fn = b as (v: unknown) => void;
			const set = hears.get(name) ?? new Set();
			hears.set(name, set);
			const one = (v: unknown) => {
				set.delete(one);
				fn(v);
			};
			set.add(verb === "on" ? fn : one);
			return;
		}
		case "off":
			hears.get(String(a))?.delete(b as () => void);
			return;
		case "info":
			return { version: 1, open: shown, mailbox, storage };
		case "mailbox":
			mailbox = String(a);
			return drop();
		case "logout":
		case "destroy":
			kept = {};
			try {
				localStorage.removeItem(slot);
			} catch {
				storage = false;
			}
			await writeKey(slot, undefined).catch(() => undefined);
			drop();
			if (verb === "destroy") {
				host.remove();
				w.Postern = undefined;
			}
			return;
		default:
			throw new Error("invalid");
	}
}
function drop(): void {
	show(false);
	port?.close();
	frame?.remove();
	frame = ready = port = undefined;
}
button.onclick = () => (shown ? show(false) : open());
button.onpointerenter = button.onfocus = () => make();
const queue = w.Postern?.q ?? [];
w.Postern = (...args) => call(String(args[0]), args[1], args[2]);
const start = () => {
	document.body.append(host);
	for (const [args, ok, no] of queue) call(String(args[0]), args[1], args[2]).then(ok, no);
	if (back) open();
	else if (kept.open) setTimeout(make, 1500);
};
if (document.body) start();
else addEventListener("DOMContentLoaded", start);
