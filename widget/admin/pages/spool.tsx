import type { JSX } from "preact";
import { t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { api, ask, Badge, Button, Empty, Icon, toast } from "../../kit/ui";
import { useLoad, wrong } from "../data";
import { go } from "../guard";
import { Head, Loaded, Part, When } from "../parts";
import { MachineMail } from "./machines";

type Mail = {
	name: string;
	at: number;
	from: string;
	to: string;
	subject: string;
	headers?: Record<string, string>;
	text?: string;
};
type Outgoing = {
	message: string;
	to: string;
	state: string;
	attempts: number;
	code?: string;
	dead?: boolean;
	at: string;
};

/** Mails that stay on this machine while no mail server is configured. */
export function SpoolPage({ name }: { name: string | undefined }): JSX.Element {
	const list = useLoad<{ mail: Mail[] }>("/v1/spool", 5000);
	const out = useLoad<{ mail: Outgoing[] }>("/v1/outbox", 5000);
	const off = list.error && !list.data;
	return (
		<>
			<Head title={t("a.spool")} hint={t("a.spool.hint")} />
			{off ? (
				<Empty icon="mail" title={t("a.spool.off")}>
					<p>{t("a.spool.off.text")}</p>
				</Empty>
			) : (
				<Loaded from={list}>
					{(d) =>
						d.mail.length ? (
							<div class={`split${name ? " chosen" : ""}`}>
								<List mails={d.mail} name={name} />
								{name ? <Letter key={name} name={name} /> : <Empty icon="mail" title={t("a.spool.pick")} />}
							</div>
						) : (
							<Empty icon="mail" title={t("a.spool.none")}>
								<p>{t("a.spool.none.text")}</p>
							</Empty>
						)
					}
				</Loaded>
			)}
			{out.data && out.data.mail.length > 0 && <Outbox mails={out.data.mail} reload={out.reload} />}
			<MachineMail />
		</>
	);
}

function List({ mails, name }: { mails: Mail[]; name: string | undefined }): JSX.Element {
	return (
		<ul class="mails" aria-label={t("a.spool")}>
			{mails.map((m) => (
				<li key={m.name}>
					<a
						class="item"
						href={`#/spool/${m.name}`}
						aria-current={m.name === name ? "true" : undefined}
						onClick={(e) => {
							e.preventDefault();
							void go("spool", m.name);
						}}
					>
						<span class="grow">
							<b class="one-line" dir="auto">
								{m.subject || t("a.spool.nosubject")}
							</b>
							<small class="one-line" dir="ltr">
								{m.to}
							</small>
						</span>
						<small>
							<When at={m.at} />
						</small>
					</a>
				</li>
			))}
		</ul>
	);
}

function Letter({ name }: { name: string }): JSX.Element {
	const mail = useLoad<{ mail: Mail }>(`/v1/spool/${encodeURIComponent(name)}`);
	return (
		<article class="letter" aria-label={t("a.spool.mail")}>
			<Button look="quiet" icon="back" class="way-back only-narrow" onClick={() => void go("spool")}>
				{t("a.back")}
			</Button>
			<Loaded from={mail}>
				{({ mail: m }) => (
					<>
						<h2 dir="auto">{m.subject || t("a.spool.nosubject")}</h2>
						<dl class="facts">
							<dt>{t("a.spool.from")}</dt>
							<dd dir="auto">{m.from}</dd>
							<dt>{t("a.spool.to")}</dt>
							<dd dir="auto">{m.to}</dd>
							<dt>{t("a.when")}</dt>
							<dd>{exact(m.at)}</dd>
						</dl>
						<pre class="mail-text" dir="auto">
							{m.text}
						</pre>
						<details>
							<summary>{t("a.spool.headers")}</summary>
							<dl class="facts">
								{Object.entries(m.headers ?? {})
									.sort(([a], [b]) => a.localeCompare(b))
									.flatMap(([k, v]) => [
										<dt key={`${k}-t`} dir="ltr">
											{k}
										</dt>,
										<dd key={k} dir="ltr">
											{v}
										</dd>,
									])}
							</dl>
						</details>
					</>
				)}
			</Loaded>
		</article>
	);
}

/** What waits or was given up. */
function Outbox({ mails, reload }: { mails: Outgoing[]; reload(): Promise<void> }): JSX.Element {
	const again = async (m: Outgoing) => {
		const question = {
			title: t("a.outbox.dead"),
			text: t("a.outbox.dead.text", { name: m.to }),
			action: t("a.outbox.again"),
		};
		if (m.dead && !(await ask(question))) return;
		try {
			await api("POST", `/v1/mails/${m.message}/again`, m.dead ? { dead: true } : {});
			toast(t("a.outbox.again.done"), "ok");
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		await reload();
	};
	return (
		<Part title={t("a.outbox")} hint={t("a.outbox.hint")}>
			<ul class="lines">
				{mails.map((m) => (
					<li key={m.message}>
						<Icon name="mail" />
						<span class="grow" dir="ltr">
							{m.to}
							<small class="under">
								{t("a.outbox.tries", { n: m.attempts })}
								{m.code && ` · ${m.code}`}
							</small>
						</span>
						{m.state === "stopped" && (
							<Button onClick={() => void again(m)} aria-label={t("a.outbox.again.of", { name: m.to })}>
								{t("a.outbox.again")}
							</Button>
						)}
						<Badge tone={m.state === "stopped" ? "stop" : m.state === "sent" ? "ok" : "wait"}>
							{t(`a.outbox.${m.state}`)}
						</Badge>
						<small>
							<When at={Date.parse(m.at)} />
						</small>
					</li>
				))}
			</ul>
		</Part>
	);
}
