import { useEffect, useRef, useState } from "preact/hooks";
import type { Line } from "../kit/conversation";
import { errorText, pick, t } from "../kit/i18n";
import { Nodes, safeURL } from "../kit/nodes";
import { CommandError } from "../kit/socket";
import { clock, day, exact, upcoming } from "../kit/time";
import type { GateMoved, Page, Suggestion } from "../kit/wire";
import * as st from "./session";

type P = { s: st.Session };
const words = (e: unknown) => errorText(e instanceof CommandError ? e.error : { code: "internal" });
const go = (to: st.Screen) => {
	st.screen.value = to;
};

export function App({ s }: P) {
	const away = st.away.value;
	const lost = away === 4503 ? "blocked" : away === 4501 ? "origin" : away ? "update" : st.slow.value ? "offline" : "";
	const at = st.screen.value;
	return (
		<main class="panel" onKeyDown={(e) => e.key === "Escape" && s.up({ t: "close" })}>
			<header>
				{at !== "home" && (
					<button type="button" onClick={() => go("home")}>
						{t("panel.back")}
					</button>
				)}
				<h1>{st.hello.value?.mailbox.name ?? t("panel.title")}</h1>
				<button type="button" onClick={() => s.up({ t: "close" })}>
					{t("panel.close")}
				</button>
			</header>
			<p role="status" class={lost ? "trouble" : "sr"}>
				{lost ? t(`trouble.${lost}`) : st.storage.value ? "" : t("trouble.storage")}
			</p>
			{at === "home" && <Home s={s} />}
			{at === "article" && <Article s={s} />}
			{at === "form" && <Form s={s} />}
			{at === "chat" && <Chat s={s} />}
			{at === "messages" && <Messages />}
		</main>
	);
}

function Home({ s }: P) {
	const [found, setFound] = useState<Suggestion[]>([]);
	const [none, setNone] = useState(false);
	const asked = useRef(0);
	const q = st.query.value;
	useEffect(() => {
		const mine = ++asked.current;
		if (!q.trim()) {
			setFound([]);
			setNone(false);
			return;
		}
		s.socket.command<{ results: Suggestion[]; fits: boolean }>("article.search", { q, typing: true }).then(
			(r) => {
				if (mine !== asked.current) return;
				setFound(r.results.slice(0, 3));
				setNone(!r.fits || !r.results.length);
			},
			() => undefined,
		);
	}, [q, s]);
	const m = st.hello.value?.mailbox;
	const can = m?.open && m.available;
	const list = q.trim() ? found : st.suggestions.value;
	const read = async (id: string) => {
		const r = await s.socket.command<{ article: Page }>("article.open", { article: id, q });
		st.article.value = r.article;
		go("article");
	};
	return (
		<section class="body">
			<label>
				{t("home.title")}
				<input
					data-first
					type="search"
					value={q}
					placeholder={t("home.search")}
					onInput={(e) => {
						st.query.value = e.currentTarget.value;
					}}
				/>
			</label>
			<p role="status" class={none ? "" : "sr"}>
				{none ? t("home.none", { q }) : q.trim() ? t("home.count", { n: found.length }) : ""}
			</p>
			{list.length > 0 && !q.trim() && <h2>{t("home.suggested")}</h2>}
			{list.map((r) => (
				<button type="button" class="card" key={r.article} onClick={() => read(r.article).catch(() => undefined)}>
					<b>{r.title}</b>
					<span>{r.summary}</span>
				</button>
			))}
			{st.current.value && (
				<button type="button" class="card" onClick={() => go("chat")}>
					{t("home.open")}
				</button>
			)}
			{(st.hello.value?.conversations.length ?? 0) > 1 && (
				<button type="button" onClick={() => go("messages")}>
					{t("home.all")}
				</button>
			)}
			<p class="quiet">
				{m &&
					!can &&
					`${t(m.open ? "home.nobody" : "home.closed")} ${m.until ? t("home.back", { time: upcoming(m.until) }) : ""}`}
				{can && (m.wait_s ? t("home.wait", { minutes: Math.ceil(m.wait_s / 60) }) : t("home.online"))}
			</p>
			<button type="button" class="main" disabled={!m} onClick={() => go("form")}>
				{t(can || !m ? "home.talk" : "home.leave")}
			</button>
		</section>
	);
}

function Article({ s }: P) {
	const [done, setDone] = useState(false);
	const a = st.article.value;
	if (!a) return null;
	const rate = (solved: boolean) => {
		s.socket.command("article.rate", { article: a.article, solved }).then(
			() => setDone(true),
			() => undefined,
		);
	};
	return (
		<article class="body">
			<h2>{a.title}</h2>
			<Nodes nodes={a.nodes} />
			<p role="status">{t(done ? "article.thanks" : "article.helped")}</p>
			{!done && (
				<p>
					<button type="button" onClick={() => rate(true)}>
						{t("article.yes")}
					</button>
					<button type="button" onClick={() => rate(false)}>
						{t("article.no")}
					</button>
				</p>
			)}
			<button type="button" class="main" onClick={() => go("form")}>
				{t("article.still")}
			</button>
		</article>
	);
}

function Form({ s }: P) {
	const [error, setError] = useState("");
	const m = st.hello.value?.mailbox;
	const ticket = !(m?.open && m.available);
	const submit = (e: SubmitEvent) => {
		e.preventDefault();
		const d = new FormData(e.currentTarget as HTMLFormElement);
		const get = (k: string) => String(d.get(k) ?? "").trim();
		const fields = Object.fromEntries((m?.fields ?? []).map((f) => [f.name, get(`f:${f.name}`)]));
		const article = st.article.value?.article;
		const args = { text: get("text"), name: get("name"), email: get("email"), fields, article };
		s.begin({ ...args, ...(ticket ? { ticket } : {}) }).catch((x) => setError(words(x)));
	};
	return (
		<form class="body" onSubmit={submit}>
			<label>
				{t("form.name")}
				<input name="name" autocomplete="name" value={st.prefill.value.name} />
			</label>
			<label>
				{t(ticket ? "form.email" : "form.email.optional")}
				<input name="email" type="email" autocomplete="email" required={ticket} value={st.prefill.value.email} />
			</label>
			{m?.fields
				.filter((f) => f.name !== "name" && f.name !== "email")
				.map((f) => (
					<label key={f.name}>
						{f.label}
						<input name={`f:${f.name}`} required={f.required} />
					</label>
				))}
			<label>
				{t("form.text")}
				<textarea name="text" required rows={4} defaultValue={st.prefill.value.text ?? st.query.value} />
			</label>
			<p role="alert">{error}</p>
			<button type="submit" class="main">
				{t(ticket ? "form.send" : "form.start")}
			</button>
		</form>
	);
}

function Chat({ s }: P) {
	const v = st.views.value[st.current.value];
	const [text, setText] = useState("");
	const [error, setError] = useState("");
	if (!v) return <p class="body">{t("trouble.loading")}</p>;
	const act = (cmd: string, args: object = {}) =>
		s.socket.command(cmd, { conversation: v.topic, ...args }).catch((e) => setError(words(e)));
	const send = () => {
		if (text.trim() && s.write(text)) setText("");
	};
	return (
		<section class="chat">
			<div role="log" aria-label={t("chat.log")} class="log">
				{v.lines.map((l, i) => (
					<LineView key={l.id} l={l} before={v.lines[i - 1]?.at} read={v.read.agent ?? 0} />
				))}
				{st.waiting.value
					.filter((i) => i.conversation === v.topic)
					.map((i) => (
						<div class="msg mine" key={i.client_id}>
							<p>{i.text}</p>
							<small>{t(i.failed ? "state.failed" : "state.waiting")}</small>
							{i.failed && (
								<button
									type="button"
									onClick={() => {
										s.outbox.retry(i.client_id, Date.now());
										void s.outbox.drain(Date.now());
									}}
								>
									{t("chat.retry")}
								</button>
							)}
						</div>
					))}
				{Object.values(v.changes).map((c) => (
					<Verify key={c.change} s={s} c={c} fail={setError} />
				))}
			</div>
			<p role="status" class="quiet">
				{st.typing.value && t("chat.typing", { name: st.typing.value })}
				{v.status === "queued" && place(st.position.value?.place)}
			</p>
			<p role="alert">{error}</p>
			{v.status === "closed" ? (
				<fieldset class="body">
					<legend>{t(v.rating ? "end.thanks" : "end.title")}</legend>
					{[1, 2, 3, 4, 5].map((n) => (
						<button
							type="button"
							key={n}
							aria-pressed={v.rating === n}
							onClick={() => act("conversation.rate", { stars: n })}
						>
							{t("end.star", { n })}
						</button>
					))}
					<button type="button" class="main" onClick={() => go("form")}>
						{t("end.again")}
					</button>
				</fieldset>
			) : (
				<div class="write">
					<textarea
						aria-label={t("chat.write")}
						value={text}
						onInput={(e) => {
							setText(e.currentTarget.value);
							s.type();
						}}
						onKeyDown={(e) => {
							if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
							e.preventDefault();
							send();
						}}
					/>
					<button type="button" class="main" onClick={send}>
						{t("chat.send")}
					</button>
					{v.status === "queued" && (
						<button type="button" onClick={() => act("conversation.ticket")}>
							{t("wait.email")}
						</button>
					)}
					<button type="button" onClick={() => act("conversation.close")}>
						{t("chat.end")}
					</button>
				</div>
			)}
		</section>
	);
}
const place = (n: number | undefined) =>
	n === undefined ? t("wait.queued") : n ? t("wait.place", { n }) : t("wait.next");

function LineView({ l, before, read }: { l: Line; before?: number; read: number }) {
	const today = day(l.at, Date.now());
	const mine = "message" in l && l.role === "visitor";
	const state = l.seq <= read ? "read" : l.seq <= st.delivered.value ? "delivered" : "sent";
	return (
		<>
			{(!before || day(before, Date.now()) !== today) && <h2 class="day">{today}</h2>}
			{"message" in l ? (
				<div class={mine ? "msg mine" : "msg"}>
					<b>{mine ? t("chat.you") : l.message.name || t("chat.agent")}</b>
					<Nodes nodes={l.message.nodes} />
					<small>
						<time title={exact(l.at)}>{clock(l.at)}</time> {mine && t(`state.${state}`)}
					</small>
				</div>
			) : (
				<p class="quiet">{t(l.key, l.params)}</p>
			)}
		</>
	);
}

function Verify({ s, c, fail }: P & { c: GateMoved; fail(text: string): void }) {
	const guide = safeURL(c.guide);
	const kind = st.hello.value?.kinds.find((k) => k.name === c.kind);
	const recovery = safeURL(c.recovery ?? kind?.recovery);
	const ask = (over: boolean) => s.openChange(c.change, over).catch((e) => fail(words(e)));
	const live = c.state === "offered" || c.state === "challenged";
	return (
		<section class={`gate ${c.state}`} aria-label={pick(c.title)}>
			<h2>{pick(c.title)}</h2>
			<p role="status">{t(`verify.${c.state}`, { time: c.until ? upcoming(c.until) : "" })}</p>
			{c.receipt && <p>{t("verify.receipt", { receipt: c.receipt })}</p>}
			{live && guide && (
				<a class="main" href={guide} target="_blank" rel="noopener noreferrer">
					{t("verify.guide.open")}
				</a>
			)}
			{live && !st.crypto.value && <p>{t("verify.nocrypto")}</p>}
			{live && st.crypto.value && (
				<>
					<p>{t("verify.why")}</p>
					<button type="button" class="main" onClick={() => ask(c.state === "challenged")}>
						{t(c.state === "offered" ? "verify.login" : "verify.over")}
					</button>
					<p>
						{t("verify.next.1")} {t("verify.next.2")} {t("verify.password")}
					</p>
				</>
			)}
			{live && (
				<button
					type="button"
					onClick={() => s.socket.command("change.deny", { change: c.change }).catch((e) => fail(words(e)))}
				>
					{t("verify.decline")}
				</button>
			)}
			{live && recovery && (
				<a href={recovery} target="_blank" rel="noopener noreferrer">
					{t("verify.cannot")}
				</a>
			)}
		</section>
	);
}

function Messages() {
	const all = st.hello.value?.conversations ?? [];
	return (
		<section class="body">
			<h2>{t("home.all")}</h2>
			{!all.length && <p>{t("list.empty")}</p>}
			{all.map((c) => (
				<button
					type="button"
					class="card"
					key={c.id}
					onClick={() => {
						st.current.value = c.id;
						go("chat");
					}}
				>
					<b>{exact(c.started_at)}</b>
					<span>{c.last?.text}</span>
				</button>
			))}
		</section>
	);
}
