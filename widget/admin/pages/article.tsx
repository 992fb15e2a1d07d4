import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, ask, Button, Field, SelectField, TextField, toast } from "../../kit/ui";
import { Icon } from "../../kit/ui/icons";
import { type Begin, begin, type ChatLine } from "../begin";
import { type Article, type Box, useLoad, type Wrong, wrong } from "../data";
import { dirty, go, useDirty } from "../guard";
import { Head, Loaded, Part } from "../parts";
import { type Data, Ratings, Versions } from "./article-past";
import { Review } from "./article-review";
import { StateBadge, stateOf } from "./articles";
import { Editor } from "./editor";

type Draft = {
	locale: string;
	visibility: string;
	mailboxes: string[];
	original: string;
	title: string;
	summary: string;
	tags: string[];
	phrasings: string[];
	body: string;
	collection: string;
	order: number;
	note: string;
	version: number;
};

/** One article: new or old. */
export function ArticlePage({ id }: { id: string }): JSX.Element {
	return id === "new" ? <New /> : <Old id={id} />;
}
/** A new article; it may begin with what the reports or a chat gave. */
function New(): JSX.Element {
	const [from] = useState(() => begin.peek());
	useEffect(() => {
		begin.value = undefined;
	}, []);
	return <Form data={undefined} from={from} onSaved={async () => undefined} />;
}
function Old({ id }: { id: string }): JSX.Element {
	const data = useLoad<Data>(`/v1/articles/${id}`);
	return <Loaded from={data}>{(d) => <Form data={d} onSaved={data.reload} />}</Loaded>;
}
function draftOf(a: Article | undefined): Draft {
	const v = a?.version;
	return {
		locale: a?.locale ?? "en",
		visibility: a?.visibility || "public",
		mailboxes: a?.mailboxes ?? [],
		original: a?.original ?? "",
		title: v?.title ?? "",
		summary: v?.summary ?? "",
		tags: v?.tags ?? [],
		phrasings: v?.phrasings ?? [],
		body: v?.body ?? "",
		collection: v?.collection ?? "",
		order: v?.order ?? 0,
		note: "",
		version: v?.number ?? 0,
	};
}

function begun(from: Begin | undefined): Partial<Draft> {
	if (!from) return {};
	const { title, phrasings, body, locale, mailbox } = from;
	return { title, phrasings, body, locale: locale || "en", mailboxes: mailbox ? [mailbox] : [] };
}

type FormProps = { data: Data | undefined; from?: Begin; onSaved(): Promise<void> };
/** What is written, and the three things that can be done with it. */
function useArticle({ data, from, onSaved }: FormProps) {
	const [a, setA] = useState(data?.article);
	const [base, setBase] = useState(() => draftOf(data?.article));
	const [d, setD] = useState(() => ({ ...base, ...begun(from) }));
	const [bad, setBad] = useState<Wrong>();
	const [busy, setBusy] = useState(false);
	const changed = JSON.stringify(d) !== JSON.stringify(base);
	useDirty(changed);
	const put = (part: Partial<Draft>) => {
		setD((x) => ({ ...x, ...part }));
		if (bad) setBad(undefined);
	};
	const take = (next: Article) => {
		setA(next);
		const draft = draftOf(next);
		setBase(draft);
		setD(draft);
		dirty.value = false;
	};
	const run = async (what: () => Promise<Article>, said: string) => {
		setBusy(true);
		try {
			const next = await what();
			take(next);
			toast(said, "ok");
			if (a) await onSaved();
			else await go("articles", next.id);
		} catch (e) {
			setBad(wrong(e));
		}
		setBusy(false);
	};
	const post = async (id: string, verb: string, body: object) =>
		(await api<{ article: Article }>("POST", `/v1/articles/${id}/${verb}`, body)).article;
	const store = async (): Promise<Article> => {
		if (!changed && a) return a;
		return (await api<{ article: Article }>(a ? "PUT" : "POST", a ? `/v1/articles/${a.id}` : "/v1/articles", d))
			.article;
	};
	const publish = async () => {
		const saved = await store();
		return post(saved.id, "publish", { version: saved.version.number });
	};
	const archive = async () => {
		const title = t("a.article.archive.title");
		const sure = { title, text: t("a.article.archive.text"), action: t("a.article.archive"), stop: true };
		if (a && (await ask(sure))) await run(() => post(a.id, "archive", {}), t("a.article.archive.done"));
	};
	return {
		a,
		d,
		put,
		bad,
		busy,
		changed,
		title: base.title,
		save: () => void run(store, t("a.article.saved")),
		publish: () => void run(publish, t("a.article.publish.done")),
		archive: () => void archive(),
	};
}
function Form({ data, from, onSaved }: FormProps): JSX.Element {
	const x = useArticle({ data, from, onSaved });
	const { a, d, put, bad, busy, changed } = x;
	const err = (f: string) => (bad?.field === f ? bad.text : undefined);
	const ready = changed || !a || stateOf(a) !== "published";
	return (
		<form class="settings" onSubmit={(e) => e.preventDefault()}>
			<Head title={a ? x.title : t("a.articles.new")} back="articles">
				{a && <StateBadge a={a} />}
				{a && (
					<a class="btn quiet" href={`/help/preview/${a.id}`} target="_blank" rel="noopener">
						<Icon name="link" />
						<span>{t("a.article.page")}</span>
					</a>
				)}
				{a && a.status !== "archived" && (
					<Button look="quiet" icon="archive" onClick={x.archive}>
						{t("a.article.archive")}
					</Button>
				)}
				<Button busy={busy} off={changed ? false : t("ui.unchanged")} onClick={x.save}>
					{t("a.article.save")}
				</Button>
				<Button look="main" busy={busy} off={ready ? false : t("a.article.is.published")} onClick={x.publish}>
					{t("a.article.publish")}
				</Button>
			</Head>
			{bad && (
				<p class="notice stop" role="alert">
					{t("a.notsaved", { why: bad.text })}
				</p>
			)}
			{from && from.messages.length > 0 && <Chat lines={from.messages} />}
			<TextField
				label={t("a.article.title")}
				value={d.title}
				maxLength={200}
				error={err("title")}
				dir="auto"
				onInput={(e) => put({ title: e.currentTarget.value })}
			/>
			<Editor body={d.body} locale={d.locale} error={err("body")} onChange={(body) => put({ body })} />
			<Finding d={d} err={err} onChange={put} />
			<Reach id={a?.id} d={d} err={err} onChange={put} />
			{data?.article.status === "published" && <Review a={data.article} onDone={onSaved} />}
			{data && <Versions data={data} a={a ?? data.article} onLoad={(body) => put({ body })} />}
			{data && <Ratings data={data} a={a ?? data.article} />}
		</form>
	);
}

/** What the text was made of, to read beside it. */
function Chat({ lines }: { lines: ChatLine[] }): JSX.Element {
	return (
		<Part title={t("a.chat")} hint={t("a.chat.hint")}>
			<ul class="chat-lines">
				{lines.map((l, i) => (
					<li key={`${i}${l.text}`} class={l.agent ? "agent" : undefined}>
						<b>{t(l.agent ? "a.chat.agent" : "a.chat.visitor")}</b>
						<p class="pre" dir="auto">
							{l.text}
						</p>
					</li>
				))}
			</ul>
		</Part>
	);
}

type PartProps = { d: Draft; err(f: string): string | undefined; onChange(part: Partial<Draft>): void };
function lines(text: string): string[] {
	return text.split("\n");
}
function Finding({ d, err, onChange }: PartProps): JSX.Element {
	return (
		<Part title={t("a.article.find")} hint={t("a.article.find.hint")}>
			<Field label={t("a.article.summary")} hint={t("a.article.summary.hint")} error={err("summary")}>
				{(g) => (
					<textarea
						{...g}
						rows={2}
						maxLength={500}
						value={d.summary}
						dir="auto"
						onInput={(e) => onChange({ summary: e.currentTarget.value })}
					/>
				)}
			</Field>
			<Field label={t("a.article.phrasings")} hint={t("a.article.phrasings.hint")} error={err("phrasings")}>
				{(g) => (
					<textarea
						{...g}
						rows={4}
						value={d.phrasings.join("\n")}
						dir="auto"
						onInput={(e) => onChange({ phrasings: lines(e.currentTarget.value) })}
					/>
				)}
			</Field>
			<Field label={t("a.article.tags")} hint={t("a.article.tags.hint")} error={err("tags")}>
				{(g) => (
					<input
						{...g}
						value={d.tags.join(", ")}
						dir="auto"
						onChange={(e) =>
							onChange({
								tags: e.currentTarget.value
									.split(",")
									.map((s) => s.trim())
									.filter(Boolean),
							})
						}
					/>
				)}
			</Field>
		</Part>
	);
}
function Reach({ id, d, err, onChange }: PartProps & { id: string | undefined }): JSX.Element {
	const others = useLoad<{ articles: Article[] }>("/v1/articles").data?.articles ?? [];
	const originals = others.filter((o) => o.id === d.original || (o.id !== id && !o.original && o.locale !== d.locale));
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const flip = (id: string) =>
		onChange({ mailboxes: d.mailboxes.includes(id) ? d.mailboxes.filter((m) => m !== id) : [...d.mailboxes, id] });
	return (
		<Part title={t("a.article.reach")}>
			<SelectField
				label={t("a.article.visibility")}
				hint={t(`a.article.${d.visibility}.hint`)}
				value={d.visibility}
				options={["public", "internal"].map((v) => ({ value: v, label: t(`a.article.${v}`) }))}
				onPick={(visibility) => onChange({ visibility })}
			/>
			<SelectField
				label={t("a.article.locale")}
				value={d.locale}
				options={[...new Set(["en", "ar", d.locale])].map((l) => ({
					value: l,
					label: new Intl.DisplayNames(l, { type: "language" }).of(l) ?? l,
				}))}
				onPick={(locale) => onChange({ locale })}
			/>
			<SelectField
				label={t("a.article.original")}
				hint={err("original") ?? t("a.article.original.hint")}
				value={d.original}
				options={[
					{ value: "", label: t("a.article.original.none") },
					...originals.map((o) => ({ value: o.id, label: o.version.title })),
				]}
				onPick={(original) => onChange({ original })}
			/>
			<Place d={d} err={err} onChange={onChange} others={others} />
			<fieldset class="checks">
				<legend>{t("a.article.mailboxes")}</legend>
				{(boxes.data?.mailboxes ?? []).map((b) => (
					<label key={b.id}>
						<input type="checkbox" checked={d.mailboxes.includes(b.id)} onChange={() => flip(b.id)} />
						<span>{b.name}</span>
					</label>
				))}
				<p class="hint">{t("a.article.mailboxes.hint")}</p>
			</fieldset>
			<TextField
				label={t("a.article.note")}
				hint={t("a.article.note.hint")}
				value={d.note}
				maxLength={200}
				onInput={(e) => onChange({ note: e.currentTarget.value })}
			/>
		</Part>
	);
}
/** The topic of the help center that an article stands in: one that others have, or a new one. */
function Place({ d, err, onChange, others }: PartProps & { others: Article[] }): JSX.Element {
	const names = new Set(others.filter((o) => o.locale === d.locale).map((o) => o.version.collection));
	return (
		<>
			<datalist id="collections">
				{[...names].sort().map((name) => name && <option key={name} value={name} />)}
			</datalist>
			<Field label={t("a.article.collection")} hint={t("a.article.collection.hint")} error={err("collection")}>
				{(g) => (
					<input
						{...g}
						value={d.collection}
						list="collections"
						maxLength={100}
						dir="auto"
						onInput={(e) => onChange({ collection: e.currentTarget.value })}
					/>
				)}
			</Field>
			<TextField
				label={t("a.article.order")}
				hint={t("a.article.order.hint")}
				value={d.order ? String(d.order) : ""}
				error={err("order")}
				inputMode="numeric"
				maxLength={4}
				onInput={(e) => onChange({ order: Number(e.currentTarget.value.replace(/\D/g, "")) })}
			/>
		</>
	);
}
