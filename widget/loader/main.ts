import { readKey, writeKey } from "./store";

type Call = [unknown[], (v: unknown) => void, (e: unknown) => void];
type API = ((...args: unknown[]) => Promise<unknown>) & { q?: Call[] };
type Up = { t: string; [k: string]: unknown };
const w = window as typeof window & { Postern?: API; CloseWatcher?: new () => EventTarget & { destroy(): void } };
const me = document.currentScript as HTMLScriptElement | null;
const origin = new URL(me?.src ?? location.href).origin;
let mailbox = me?.dataset.mailbox ?? "";

// The finish token leaves the address before anything else can read it. The whole address stays: a path alone that
// begins with "//" would name another host.
const back = /^#postern=([\w.~-]+)$/.exec(location.hash)?.[1];
if (back) history.replaceState(history.state, "", location.href.split("#")[0]);

const PREFIX = "postern:";
const slot = () => PREFIX + mailbox;
let storage = true;
let memory: Record<string, unknown> = {};
let mine: unknown = []; // messages that only this tab keeps
/** What this browser keeps; another tab may have written meanwhile. */
function kept(): Record<string, unknown> {
	try {
		mine = JSON.parse(sessionStorage.getItem(slot()) ?? "[]");
		const raw: unknown = JSON.parse(localStorage.getItem(slot()) ?? "{}");
		if (raw && typeof raw === "object") memory = raw as Record<string, unknown>;
	} catch {
		storage = false;
	}
	return memory;
}
function keep(k: string, v: unknown): void {
	const own = k === "outbox" && !drains;
	if (!own) memory = { ...kept(), [k]: v };
	try {
		// One tab drains the outbox; each other one keeps its own until it is the one.
		if (k === "outbox") sessionStorage.setItem(slot(), JSON.stringify(own ? v : []));
		if (!own) localStorage.setItem(slot(), JSON.stringify(memory));
	} catch {
		storage = false;
	}
}
let drains = true;
let lock: Promise<void> | undefined;
function claim(): Promise<void> {
	lock ??= new Promise((done) => {
		if (!navigator.locks) return done();
		navigator.locks
			.request(slot(), { ifAvailable: true }, (l) => {
				drains = Boolean(l);
				done();
				return l && new Promise(() => {});
			})
			.catch(() => done());
	});
	return lock;
}

const css = `:host{all:initial;position:fixed;inset-block-end:16px;inset-inline-end:16px;z-index:2147483000;font:600 15px system-ui}
:host([data-side=start]){inset-inline:16px auto}
button{position:relative;display:grid;place-items:center;width:56px;height:56px;border:0;border-radius:28px;background:var(--c,#2f4bc7);color:#fff;font:inherit;cursor:pointer;box-shadow:0 4px 16px #0f121733}
button:focus-visible{outline:2px solid var(--c,#2f4bc7);outline-offset:3px}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
span{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-width:22px;padding:0 4px;box-sizing:border-box;border-radius:11px;background:#b3261e;font:600 13px/22px system-ui}
iframe{position:absolute;inset-block-end:72px;inset-inline-end:0;width:384px;max-width:calc(100vw - 32px);height:min(640px,calc(100vh - 112px));border:0;border-radius:14px;box-shadow:0 12px 40px #0f121738;background:Canvas;color-scheme:light dark}
:host([data-side=start]) iframe{inset-inline:0 auto}
[hidden]{display:none!important}
@media(max-width:480px){iframe{position:fixed;inset:0;width:100%;max-width:none;height:100%;border-radius:0}}`;

const host = document.createElement("postern-chat");
const root = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
root.adoptedStyleSheets = [sheet];
const button = document.createElement("button");
button.type = "button";
button.ariaExpanded = "false";
button.ariaHasPopup = "dialog";
button.ariaLabel = me?.dataset.label ?? "Open support chat";
const ns = "http://www.w3.org/2000/svg";
const svg = document.createElementNS(ns, "svg");
const path = document.createElementNS(ns, "path");
svg.setAttribute("viewBox", "0 0 24 24");
svg.ariaHidden = "true";
svg.append(path);
const shape = (on: boolean) =>
	path.setAttribute("d", on ? "m6 9.5 6 6 6-6" : "M4 5h16v11H10l-4.5 4v-4H4V5ZM8.5 10.5h7");
shape(false);
const badge = document.createElement("span");
badge.hidden = badge.ariaHidden = true as never;
button.append(svg, badge);
root.append(button);

let frame: HTMLIFrameElement | undefined;
let port: MessagePort | undefined;
let ready: Promise<void> | undefined;
let shown = false;
let next = 1;
let watcher: ReturnType<typeof watch>;
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
		f.hidden = !shown;
		f.src = `${origin}/widget/frame?mailbox=${encodeURIComponent(mailbox)}`;
		f.onload = async () => {
			const c = new MessageChannel();
			port = c.port1;
			port.onmessage = (m) => {
				if (m.data.t === "ready") {
					done();
					port?.postMessage({ t: "shown", v: shown });
				}
				take(m.data as Up);
			};
			const key = await readKey(slot()).catch(() => undefined);
			await claim();
			const { outbox, ...rest } = kept();
			const all = [(drains && outbox) || [], mine].flat();
			const page = location.origin + location.pathname;
			const locale = document.documentElement.lang || navigator.language;
			const init = { t: "init", ...rest, outbox: all, key, back, storage, page, mailbox, locale };
			f.contentWindow?.postMessage(init, origin, [c.port2]);
		};
		root.append(f);
	});
	return ready;
}
function take(m: Up): void {
	if (m.t === "keep") keep(String(m.k), m.v);
	else if (m.t === "key") writeKey(slot(), m.v as CryptoKeyPair).catch(() => undefined);
	else if (m.t === "close") show(false);
	else if (m.t === "go" && /^https?:/.test(m.url as string)) {
		const url = m.url as string;
		// A blocked window is null: then the full page goes there, which always gets back.
		const pop = Boolean(m.popup && w.open(url, "", "width=480,height=760"));
		keep("pop", pop);
		if (!pop) location.assign(url);
	} else if (m.t === "done" && kept().pop)
		w.close(); // its name is gone after a provider's COOP
	else if (m.t === "color") host.style.setProperty("--c", String(m.v));
	else if (m.t === "unread") {
		button.ariaLabel = String(m.label);
		badge.hidden = !m.n;
		badge.textContent = String(m.n);
		fire("unread", m.n);
	} else if (m.t === "event") fire(String(m.name), m.v);
	else if (m.t === "re") {
		const call = waits.get(Number(m.id));
		waits.delete(Number(m.id));
		if (m.code) call?.[2](new Error(String(m.code)));
		else call?.[1](m.v);
	} else if (m.t === "ready") fire("ready");
}
/** Back on a phone closes the panel, where the browser tells us; the host's history stays untouched. */
function watch() {
	if (!w.CloseWatcher) return;
	const c = new w.CloseWatcher();
	c.addEventListener("close", () => show(false));
	return c;
}
function show(on: boolean): void {
	if (shown === on) return;
	shown = on;
	button.ariaExpanded = String(on);
	shape(on);
	if (frame) frame.hidden = !on;
	port?.postMessage({ t: "shown", v: on });
	if (on) {
		watcher = watch();
		// Not before its document is there: a frame focused while it loads looks focused and gets no key.
		if (port) frame?.focus();
	} else {
		watcher?.destroy();
		button.focus();
	}
	fire(on ? "open" : "close");
}
const open = async () => {
	const made = make();
	show(true);
	await made;
	if (shown) frame?.focus();
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
/** Forgets every mailbox's token, outbox and key in this browser. */
async function forget(): Promise<void> {
	memory = {};
	try {
		for (const s of [localStorage, sessionStorage])
			for (const k of Object.keys(s)) if (k.startsWith(PREFIX)) s.removeItem(k);
	} catch {
		storage = false;
	}
	await writeKey("", undefined).catch(() => undefined);
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
			return a ? ask("view", a) : undefined;
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
			drop();
			await forget();
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
	badge.hidden = true;
	frame = ready = port = undefined;
}
button.onclick = () => (shown ? show(false) : open());
button.onpointerenter = button.onfocus = () => make();
const queue = w.Postern?.q ?? [];
w.Postern = (...args) => call(String(args[0]), args[1], args[2]);
const start = () => {
	document.body.append(host);
	for (const [args, ok, no] of queue) call(String(args[0]), args[1], args[2]).then(ok, no);
	// Back from the host's page, with or without an answer: the conversation shows what became of it.
	if (back || kept().pending) open();
	else if (kept().open) setTimeout(make, 1500);
};
if (document.body) start();
else addEventListener("DOMContentLoaded", start);
