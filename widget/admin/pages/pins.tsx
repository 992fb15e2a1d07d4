import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { lang, languageName, t } from "../../kit/i18n";
import { api, Badge, Button, FormDialog, SelectField, TextField, toast } from "../../kit/ui";
import { type Article, type Box, type Pin, useLoad } from "../data";
import { useDraft } from "../draft";
import { First, Head, Loaded, RowActs, Table } from "../parts";
import { remove } from "../remove";
import { dayOf, dayStart, held } from "../schedule";
import { PinTest } from "./pin-test";

const fresh: Pin = { id: "", article: "", pattern: "/", from: 0, until: 0, order: 1 };

/** Articles pinned to pages of the site, with a box that tries an address. */
export function PinsPage(): JSX.Element {
	const pins = useLoad<{ pins: Pin[] }>("/v1/pins");
	const articles = useLoad<{ articles: Article[] }>("/v1/articles").data?.articles ?? [];
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes").data?.mailboxes ?? [];
	const [edit, setEdit] = useState<Pin>();
	const title = (id: string) => articles.find((a) => a.id === id)?.version.title ?? t("a.gone");
	const create = (
		<Button look="main" icon="plus" onClick={() => setEdit(fresh)}>
			{t("a.pins.new")}
		</Button>
	);
	const drop = (p: Pin) =>
		void remove({
			path: `/v1/pins/${p.id}`,
			said: t("a.pins.removed"),
			again: { path: "/v1/pins", body: { ...p, id: undefined } },
			reload: pins.reload,
		});
	return (
		<>
			<Head title={t("a.pins")} hint={t("a.pins.hint")}>
				{pins.data?.pins.length ? create : null}
			</Head>
			<Loaded from={pins}>
				{(d) =>
					d.pins.length ? (
						<>
							<List pins={d.pins} boxes={boxes} title={title} onEdit={setEdit} onDelete={drop} />
							<PinTest title={title} boxes={boxes} locales={locales(articles)} />
						</>
					) : (
						<First icon="link" title={t("a.pins.none")} text={t("a.pins.none.text")}>
							{create}
						</First>
					)
				}
			</Loaded>
			{edit && (
				<Edit
					old={edit}
					articles={articles}
					boxes={boxes}
					onClose={() => setEdit(undefined)}
					onSaved={() => {
						setEdit(undefined);
						void pins.reload();
					}}
				/>
			)}
		</>
	);
}
type ListProps = { pins: Pin[]; boxes: Box[]; title(id: string): string; onEdit(p: Pin): void; onDelete(p: Pin): void };
function List({ pins, boxes, title, onEdit, onDelete }: ListProps): JSX.Element {
	return (
		<Table
			label={t("a.pins")}
			rows={pins}
			id={(p) => p.id}
			columns={[
				{ id: "pattern", label: t("a.pin.pattern"), cell: (p) => <code dir="ltr">{p.pattern}</code> },
				{ id: "article", label: t("a.pin.article"), grow: true, cell: (p) => <bdi>{title(p.article)}</bdi> },
				{ id: "box", label: t("a.mailbox"), cell: (p) => boxes.find((b) => b.id === p.mailbox)?.name ?? t("a.all") },
				{
					id: "locale",
					label: t("a.pin.locale"),
					cell: (p) => (p.locale ? languageName(p.locale) : t("a.all")),
				},
				{ id: "when", label: t("a.pin.when"), cell: (p) => <Schedule p={p} /> },
				{ id: "order", label: t("a.pin.order"), cell: (p) => p.order },
				{
					id: "acts",
					label: t("a.actions"),
					cell: (p) => (
						<RowActs
							what={`${p.pattern} → ${title(p.article)}`}
							onEdit={() => onEdit(p)}
							onDelete={() => onDelete(p)}
						/>
					),
				},
			]}
		/>
	);
}

/** When a pin holds, and whether that is now. */
function Schedule({ p }: { p: Pin }): JSX.Element {
	const state = held(p, Date.now());
	const day = (at: number) => new Date(at).toLocaleDateString(lang(), { dateStyle: "medium" });
	return (
		<>
			{p.from > 0 && t("a.pin.since", { day: day(p.from) })} {p.until > 0 && t("a.pin.to", { day: day(p.until - 1) })}
			{!p.from && !p.until && t("a.pin.always")} {state !== "now" && <Badge tone="wait">{t(`a.pin.${state}`)}</Badge>}
		</>
	);
}
/** The languages that something is written in. */
function locales(articles: Article[], mine = ""): string[] {
	return [...new Set(["en", "ar", ...articles.map((a) => a.locale), mine])].filter(Boolean);
}

type EditProps = { old: Pin; articles: Article[]; boxes: Box[]; onClose(): void; onSaved(): void };
function Edit({ old, articles, boxes, onClose, onSaved }: EditProps): JSX.Element {
	const d = useDraft(old, onClose);
	const p = d.now;
	const live = articles.filter((a) => a.status === "published" || a.id === p.article);
	const save = () => {
		if (!p.article) return d.refuse({ field: "article", text: t("a.error.article") });
		const { id, article, pattern, mailbox = "", locale = "", from, until, order } = p;
		void d.run(async () => {
			const body = { article, pattern, mailbox, locale, from, until, order };
			await api(id ? "PUT" : "POST", id ? `/v1/pins/${id}` : "/v1/pins", body);
			toast(t("a.saved"), "ok");
			onSaved();
		});
	};
	return (
		<FormDialog
			title={t(p.id ? "a.pins.edit" : "a.pins.new")}
			submit={t("a.save")}
			busy={d.busy}
			error={d.rest("pattern", "article", "order", "until")}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<TextField
				label={t("a.pin.pattern")}
				hint={t("a.pin.pattern.hint")}
				value={p.pattern}
				error={d.at("pattern")}
				dir="ltr"
				data-first
				onInput={(e) => d.put({ pattern: e.currentTarget.value })}
			/>
			<SelectField
				label={t("a.pin.article")}
				value={p.article}
				error={d.at("article")}
				options={[
					{ value: "", label: t("a.pin.article.pick") },
					...live.map((a) => ({ value: a.id, label: a.version.title })),
				]}
				onPick={(article) => d.put({ article })}
			/>
			<SelectField
				label={t("a.mailbox")}
				value={p.mailbox ?? ""}
				options={[{ value: "", label: t("a.all") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
				onPick={(mailbox) => d.put({ mailbox })}
			/>
			<SelectField
				label={t("a.pin.locale")}
				value={p.locale ?? ""}
				options={[
					{ value: "", label: t("a.all") },
					...locales(articles, p.locale).map((l) => ({ value: l, label: languageName(l) })),
				]}
				onPick={(locale) => d.put({ locale })}
			/>
			<div class="two">
				<TextField
					label={t("a.pin.from")}
					type="date"
					value={dayOf(p.from)}
					onInput={(e) => d.put({ from: dayStart(e.currentTarget.value) })}
				/>
				<TextField
					label={t("a.pin.until")}
					hint={t("a.pin.until.hint")}
					type="date"
					value={p.until ? dayOf(p.until - 1) : ""}
					error={d.at("until")}
					onInput={(e) => d.put({ until: dayStart(e.currentTarget.value, 1) })}
				/>
			</div>
			<TextField
				label={t("a.pin.order")}
				hint={t("a.pin.order.hint")}
				type="number"
				min={0}
				max={10000}
				value={p.order}
				error={d.at("order")}
				onInput={(e) => d.put({ order: Math.round(e.currentTarget.valueAsNumber) || 0 })}
			/>
		</FormDialog>
	);
}
