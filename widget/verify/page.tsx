import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { has, pick, t } from "../kit/i18n";
import { clock, exact } from "../kit/time";
import { type Confirmation, call, hostName, over, Refused, web } from "./api";

/** The words of a refusal; the reason stays in the log. */
export function words(e: unknown): string {
	const code = e instanceof Refused ? e.code : "internal";
	return t(has(`confirm.error.${code}`) ? `confirm.error.${code}` : "confirm.error.proof_refused");
}

/** A page with one thing to say. */
export function Note({ text, back, alert }: { text: string; back?: string | undefined; alert?: boolean }) {
	return (
		<main>
			<h1>{t("confirm.over")}</h1>
			<p role={alert ? "alert" : "status"}>{text}</p>
			{back && (
				<a class="press" href={back}>
					{t("confirm.back")}
				</a>
			)}
		</main>
	);
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
	return (
		<div>
			<dt>{name}</dt>
			<dd>
				<bdi>{children}</bdi>
			</dd>
		</div>
	);
}

/** The exact change from its template, whose account, which conversation. Deny has the focus. */
export function Confirm({ c }: { c: Confirmation }) {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState("");
	const deny = useRef<HTMLButtonElement>(null);
	useEffect(() => deny.current?.focus(), []);
	const press = (choice: string) => {
		setBusy(true);
		setError("");
		call<{ next: string }>("/verify/press", { choice })
			.then(({ next }) => {
				const to = web(next);
				if (!to) throw new Refused("internal");
				location.replace(to);
			})
			.catch((e) => {
				setBusy(false);
				setError(words(e));
			});
	};
	return (
		<main>
			<h1>{t("confirm.title")}</h1>
			<p>{t("confirm.ask")}</p>
			<section class="change" aria-labelledby="change">
				<h2 id="change">{pick(c.title)}</h2>
				<dl>
					{c.fields.map((f) => (
						<Row key={pick(f.label)} name={pick(f.label)}>
							{f.value}
						</Row>
					))}
				</dl>
			</section>
			<dl>
				<Row name={t("confirm.site")}>{hostName(c.site)}</Row>
				{c.account && <Row name={t("confirm.account")}>{c.account}</Row>}
				<Row name={t("confirm.talk")}>
					{t("confirm.talk.value", { mailbox: c.mailbox ?? "", time: exact((c.started ?? 0) * 1000) })}
				</Row>
				{c.browser && <Row name={t("confirm.browser")}>{c.browser}</Row>}
			</dl>
			<p class="hint">{t("confirm.notme.hint")}</p>
			<p role="alert" class="wrong">
				{error}
			</p>
			<div class="presses">
				<button type="button" class="press" ref={deny} disabled={busy} onClick={() => press("deny")}>
					{t("confirm.deny")}
				</button>
				<button type="button" class="press main" disabled={busy} onClick={() => press("approve")}>
					{t("confirm.approve")}
				</button>
				<button type="button" class="press stop" disabled={busy} onClick={() => press("disown")}>
					{t("confirm.notme")}
				</button>
			</div>
			<p role="status" class="quiet">
				{busy ? t("confirm.sending") : c.until ? t("confirm.until", { time: clock(c.until) }) : ""}
			</p>
		</main>
	);
}

/** The confirm page: asks, or says what became of it. */
export function Page() {
	const [c, setC] = useState<Confirmation>();
	const [error, setError] = useState<unknown>();
	useEffect(() => {
		call<Confirmation>("/verify/login").then(setC, setError);
	}, []);
	if (error) return <Note text={words(error)} alert />;
	if (!c) return <Note text={t("confirm.loading")} />;
	if (c.state === "matched") return <Confirm c={c} />;
	return <Note text={t(over(c))} back={web(c.return)} />;
}
