import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { has, pick, t } from "../kit/i18n";
import { Nodes, safeURL } from "../kit/nodes";
import type { Item as Unsent } from "../kit/outbox";
import { clock, exact } from "../kit/time";
import { Badge, Button, Icon } from "../kit/ui";
import type { FileRef, Message, Row } from "../kit/wire";
import { copiesOf } from "./mails";
import { SaidMenu } from "./said-menu";
import type { Session } from "./session";
import * as st from "./state";
import type { Item } from "./story";
import { age, size, visitorName } from "./words";

/** Hour and minute, with the exact time on hover. */
export function When({ at }: { at: number }): JSX.Element {
	return (
		<time dateTime={new Date(at).toISOString()} title={exact(at)}>
			{clock(at)}
		</time>
	);
}
type SaidProps = {
	s: Session;
	r: Row;
	i: Extract<Item, { message: Message }>;
	joined: boolean;
	read: number;
	got: number;
};
/** One message or note, with its state. */
export function Said({ s, r, i, joined, read, got }: SaidProps): JSX.Element {
	const theirs = i.role === "visitor";
	const mine = i.by === st.myId.value;
	const name = theirs ? visitorName(r) : mine ? t("thread.you") : i.message.name || st.agentName(i.by);
	const kind = i.kind === "note" ? "note" : theirs ? "theirs" : "ours";
	const state = i.seq <= read ? "read" : i.seq <= got ? "delivered" : "sent";
	return (
		<div class={`said ${kind}${joined ? " joined" : ""}`}>
			{!joined && (
				<p class="said-head">
					{kind === "note" && (
						<Badge tone="wait" icon="note">
							{t("note.label")}
						</Badge>
					)}
					<b class="one-line">{name}</b>
					{i.of && <Badge icon="ticket">{i.of}</Badge>}
					{i.message.mentions?.includes(st.myId.value) && <Badge tone="accent">{t("note.you")}</Badge>}
					{i.message.holding && <Badge>{t("thread.holding")}</Badge>}
					{i.message.continue && <Badge icon="chat">{t("thread.chat")}</Badge>}
					{i.message.via === "email" && (
						<Badge icon="mail">{t(i.message.unverified ? "thread.mail.unproven" : "thread.mail")}</Badge>
					)}
				</p>
			)}
			<div class="bubble">
				<span class="sr">{joined && `${name}: `}</span>
				<Body s={s} m={i.message} />
				{i.message.warnings?.map((w) => (
					<p key={w} class="said-foot">
						<Icon name="warn" /> {t(has(`mail.warn.${w}`) ? `mail.warn.${w}` : "mail.warn.malformed")}
					</p>
				))}
				<Copies r={r} i={i} />
				{i.message.via === "email" && (
					<p class="said-foot">
						<a href={`/v1/mails/${i.message.id}`} target="_blank" rel="noopener noreferrer">
							{t("mail.original")}
						</a>
					</p>
				)}
				<p class="said-foot">
					<When at={i.at} />
					{kind === "ours" && (
						<span class={`state ${state}`}>
							<Icon name={state === "sent" ? "check" : "checks"} /> {t(`state.${state}`)}
						</span>
					)}
					<SaidMenu r={r} i={i} />
				</p>
			</div>
		</div>
	);
}
/** Whom the mail named, or went to, beside the ticket's own address. */
function Copies({ r, i }: { r: Row; i: SaidProps["i"] }): JSX.Element | null {
	const { names, came } = copiesOf(r.id, i.message.id);
	if (!names.length) return null;
	return <p class="said-foot">{t(came ? "copy.named" : "copy.went", { names: names.join(", ") })}</p>;
}
function Body({ s, m }: { s: Session; m: Message }): JSX.Element {
	const guide = safeURL(m.guide?.url);
	return (
		<>
			{m.text && <Nodes nodes={m.nodes} />}
			{m.article && <ArticleCard s={s} id={m.article} />}
			{m.guide && (
				<p class="inset">
					<Icon name="link" />
					<span class="grow">
						<b>{pick(m.guide.title)}</b>
						<small>{t("guide.sent")}</small>
					</span>
					{guide && (
						<a href={guide} target="_blank" rel="noopener noreferrer">
							{t("guide.page")}
						</a>
					)}
				</p>
			)}
			{m.files?.map((f) => (
				<File key={f.id} f={f} />
			))}
		</>
	);
}
function ArticleCard({ s, id }: { s: Session; id: string }): JSX.Element {
	useEffect(() => void s.title(id), [s, id]);
	return (
		<p class="inset">
			<Icon name="book" />
			<span class="grow">
				<b>{st.titles.value[id] || t("article.card")}</b>
				<small>{t("article.card")}</small>
			</span>
		</p>
	);
}
function File({ f }: { f: FileRef }): JSX.Element {
	const url = `/v1/files/${f.id}`;
	return (
		<a class="inset file" href={url} download={f.name} target="_blank" rel="noopener">
			{f.type.startsWith("image/") ? <img src={url} alt="" loading="lazy" /> : <Icon name="file" />}
			<span class="grow">
				<b>{f.name}</b>
				<small>
					{size(f.size)}
					{f.scrubbed ? ` · ${t("file.scrubbed", { n: f.scrubbed })}` : ""}
				</small>
			</span>
			<Icon name="download" />
			<span class="sr">{t("file.download")}</span>
		</a>
	);
}
/** What the server has not confirmed yet; a refused one says so and can go again. */
export function Pending({ s, u }: { s: Session; u: Unsent }): JSX.Element {
	return (
		<div class={`said ${u.note ? "note" : "ours"} pending${u.failed ? " failed" : ""}`}>
			<div class="bubble">
				<p class="pre">{u.text || u.files?.map(() => t("file.one")).join(", ") || t("guide.sent")}</p>
				<p class="said-foot">
					<span class="state">
						{u.failed
							? `${t("state.failed")}: ${t(`error.${u.failed}`)}`
							: `${t("state.waiting")} · ${age(st.now.value - u.at)}`}
					</span>
					{u.failed && (
						<>
							<Button
								look="quiet"
								onClick={() => {
									s.outbox.retry(u.client_id, Date.now());
									void s.outbox.drain(Date.now());
								}}
							>
								{t("state.retry")}
							</Button>
							<Button look="quiet" onClick={() => s.outbox.remove(u.client_id)}>
								{t("state.discard")}
							</Button>
						</>
					)}
				</p>
			</div>
		</div>
	);
}
