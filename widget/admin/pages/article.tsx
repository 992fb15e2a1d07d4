import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Field, SelectField, TextField, toast } from "../../kit/ui";
import { type Article, type Box, type Person, useLoad, type Wrong, wrong } from "../data";
import { ask, dirty, go, useDirty } from "../guard";
import { Head, Loaded, Part, Table, When } from "../parts";
import { Solved, StateBadge, stateOf } from "./articles";
import { Editor } from "./editor";

type Saved = { number: number; title: string; by?: string; note?: string; at: number; body?: string };
type Rated = { version: number; solved: boolean; text?: string; at: number };
type Data = { article: Article; versions: Saved[]; ratings: Rated[] };
type Draft = {
	locale: string;
	visibility: string;
	mailboxes: string[];
	title: string;
	summary: string;
	tags: string[];
	phrasings: string[];
	body: string;
	note: string;
	version: number;
};

/** One article: new or old. */
export function ArticlePage({ id }: { id: string }): JSX.Element {
	return id === "new" ? <Form data={undefined} onSaved={async () => undefined} /> : <Old id={id} />;
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
		title: v?.title ?? "",
		summary: v?.summary ?? "",
		tags: v?.tags ?? [],
		phrasings: v?.phrasings ?? [],
		body: v?.body ?? "",
		note: "",
		version: v?.number ?? 0,
	};
}

function Form({ data, onSaved }: { data: Data | undefined; onSaved(): Promise<void> }): JSX.Element {
	const [a, setA] = useState(data?.article);
	const [base, setBase] = useState(() => draftOf(data?.article));
	const [d, setD] = useState(base);
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
	const save = async (): Promise<Article> => {
		if (!changed && a) return a;
		const r = await api<{ article: Article }>(a ? "PUT" : "POST", a ? `/v1/articles/${a.id}` : "/v1/articles", d);
		return r.article;
	};
	const publish = async () => {
		const saved = await save();
		return (
			await api<{ article: Article }>("POST", `/v1/articles/${saved.id}/publish`, { version: saved.version.number })
		).article;
	};
	const archive = async () => {
		if (
			!a ||
			!(await ask({
				title: t("a.article.archive.title"),
				text: t("a.article.archive.text"),
				action: t("a.article.archive"),
				stop: true,
			}))
		)
			return;
		await run(
			async () => (await api<{ article: Article }>("POST", `/v1/articles/${a.id}/archive`, {})).article,
			t("a.article.archive.done"),
		);
	};
	const err = (f: string) => (bad?.field === f ? bad.text : undefined);
	const ready = changed || !a || stateOf(a) !== "published";
	return (
		<form class="settings" onSubmit={(e) => e.preventDefault()}>
			<Head title={a ? base.title : t("a.articles.new")} back="articles">
				{a && <StateBadge a={a} />}
				{a && a.status !== "archived" && (
					<Button look="quiet" icon="archive" onClick={() => void archive()}>
						{t("a.article.archive")}
					</Button>
				)}
				<Button
					busy={busy}
					off={changed ? false : t("a.unchanged")}
					onClick={() => void run(save, t("a.article.saved"))}
				>
					{t("a.article.save")}
				</Button>
				<Button
					look="main"
					busy={busy}
					off={ready ? false : t("a.article.is.published")}
					onClick={() => void run(publish, t("a.article.publish.done"))}
				>
					{t("a.article.publish")}
				</Button>
			</Head>
			{bad && (
				<p class="error banner" role="alert">
					{t("a.notsaved", { why: bad.text })}
				</p>
			)}
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
			<Reach d={d} onChange={put} />
			{data && <Versions data={data} a={a ?? data.article} onLoad={(body) => put({ body })} />}
			{data && <Ratings data={data} a={a ?? data.article} />}
		</form>
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
function Reach({ d, onChange }: { d: Draft; onChange(part: Partial<Draft>): void }): JSX.Element {
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
				options={["en", "ar"].map((l) => ({
					value: l,
					label: new Intl.DisplayNames(l, { type: "language" }).of(l) ?? l,
				}))}
				onPick={(locale) => onChange({ locale })}
			/>
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
function Versions({ data, a, onLoad }: { data: Data; a: Article; onLoad(body: string): void }): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const load = async (n: number) => {
		try {
			const r = await api<Data>("GET", `/v1/articles/${a.id}?version=${n}`);
			const body = r.versions.find((v) => v.number === n)?.body;
			if (body !== undefined) {
				onLoad(body);
				toast(t("a.article.version.loaded", { n }), "info");
			}
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	return (
		<Part title={t("a.article.versions")} hint={t("a.article.versions.hint")}>
			<Table
				label={t("a.article.versions")}
				rows={data.versions}
				id={(v) => String(v.number)}
				columns={[
					{ id: "n", label: t("a.article.version"), cell: (v) => v.number },
					{
						id: "title",
						label: t("a.article.title"),
						grow: true,
						cell: (v) => (
							<>
								{v.title}
								{v.note && <small class="under">{v.note}</small>}
							</>
						),
					},
					{ id: "by", label: t("a.by"), cell: (v) => people.data?.agents.find((p) => p.id === v.by)?.name ?? "–" },
					{ id: "at", label: t("a.when"), cell: (v) => <When at={v.at} /> },
					{
						id: "acts",
						label: t("a.actions"),
						cell: (v) =>
							a.published === v.number && a.status === "published" ? (
								<Badge tone="ok" icon="check">
									{t("a.article.published")}
								</Badge>
							) : (
								<Button
									look="quiet"
									onClick={() => void load(v.number)}
									aria-label={t("a.article.version.load", { n: v.number })}
								>
									{t("a.article.load")}
								</Button>
							),
					},
				]}
			/>
		</Part>
	);
}
function Ratings({ data, a }: { data: Data; a: Article }): JSX.Element {
	const said = data.ratings.filter((r) => r.text);
	return (
		<Part title={t("a.article.ratings")} hint={t("a.article.ratings.hint")}>
			<p>
				{t("a.articles.solved")}: <Solved a={a} />
			</p>
			{said.length > 0 && (
				<ul class="lines">
					{said.map((r) => (
						<li key={`${r.at}${r.text}`}>
							<Badge tone={r.solved ? "ok" : "wait"}>{t(r.solved ? "a.article.helped" : "a.article.nothelped")}</Badge>
							<span class="grow" dir="auto">
								{r.text}
							</span>
							<small>
								<When at={r.at} />
							</small>
						</li>
					))}
				</ul>
			)}
			{!said.length && <p class="quiet-text">{t("a.article.ratings.none")}</p>}
		</Part>
	);
}
