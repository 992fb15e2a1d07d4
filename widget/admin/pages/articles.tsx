import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { Badge, Button, Empty, SearchField, SelectField } from "../../kit/ui";
import { type Article, useLoad } from "../data";
import { go } from "../guard";
import { type Column, First, Head, Loaded, Table, When } from "../parts";
import { review } from "./article-review";

/** The list of help articles, found by their words and their state. */
export function ArticlesPage(): JSX.Element {
	const list = useLoad<{ articles: Article[] }>("/v1/articles");
	const [q, setQ] = useState("");
	const [state, setState] = useState("");
	const create = (
		<Button look="main" icon="plus" onClick={() => void go("articles", "new")}>
			{t("a.articles.new")}
		</Button>
	);
	return (
		<>
			<Head title={t("a.articles")} hint={t("a.articles.hint")}>
				{list.data?.articles.length ? create : null}
			</Head>
			<Loaded from={list}>
				{(d) => {
					if (!d.articles.length)
						return (
							<First icon="book" title={t("a.articles.none")} text={t("a.articles.none.text")}>
								{create}
							</First>
						);
					const due = d.articles.filter((a) => a.overdue).length;
					const found = d.articles.filter((a) => fits(a, q, state)).sort((a, b) => b.updated_at - a.updated_at);
					return (
						<>
							{due > 0 && state !== "due" && (
								<p class="notice">
									<span>{t("a.articles.due", { n: due })}</span>
									<Button look="quiet" onClick={() => setState("due")}>
										{t("a.articles.due.show")}
									</Button>
								</p>
							)}
							<div class="filters">
								<SearchField label={t("a.articles.search")} value={q} onType={setQ} />
								<SelectField
									label={t("a.state")}
									bare
									value={state}
									options={[
										{ value: "", label: t("a.articles.all") },
										...["draft", "changed", "published", "archived", "due"].map((s) => ({
											value: s,
											label: t(`a.article.${s}`),
										})),
									]}
									onPick={setState}
								/>
								<span class="quiet-text" role="status">
									{t("a.articles.count", { n: found.length })}
								</span>
							</div>
							{found.length ? (
								<Found list={found} due={state === "due"} onReviewed={list.reload} />
							) : (
								<Empty icon="search" title={t("a.articles.nothing")} />
							)}
						</>
					);
				}}
			</Loaded>
		</>
	);
}
/** draft, changed (published, with a newer draft), published or archived. */
export function stateOf(a: Article): string {
	return a.status === "published" && a.version.number > a.published ? "changed" : a.status;
}
function fits(a: Article, q: string, state: string): boolean {
	if (state === "due" ? !a.overdue : state && stateOf(a) !== state) return false;
	const all = [
		a.version.title,
		a.version.summary,
		a.version.collection ?? "",
		...a.version.tags,
		...a.version.phrasings,
	]
		.join("\n")
		.toLocaleLowerCase();
	return q
		.toLocaleLowerCase()
		.split(/\s+/)
		.every((w) => all.includes(w));
}
export function StateBadge({ a }: { a: Article }): JSX.Element {
	const s = stateOf(a);
	const tone = { published: "ok", changed: "wait" }[s] as "ok" | "wait" | undefined;
	return (
		<Badge tone={tone ?? "plain"} icon={s === "published" ? "check" : s === "archived" ? "archive" : "edit"}>
			{t(`a.article.${s}`)}
		</Badge>
	);
}
/** "82 % of 40", or a dash. */
export function Solved({ a }: { a: Article }): JSX.Element {
	const all = a.solved + a.unsolved;
	return all ? (
		<span>{t("a.articles.solved.of", { part: Math.round((100 * a.solved) / all), n: all })}</span>
	) : (
		<span class="quiet-text">–</span>
	);
}
type FoundProps = { list: Article[]; due: boolean; onReviewed(): Promise<void> };
function Found({ list, due, onReviewed }: FoundProps): JSX.Element {
	const reviewed = async (a: Article) => {
		await review(a.id, 0, true);
		await onReviewed();
	};
	const more: Column<Article>[] = [
		{ id: "due", label: t("a.article.due.at"), cell: (a) => <When at={a.due_at} /> },
		{
			id: "acts",
			label: t("a.actions"),
			cell: (a) => (
				<Button
					look="quiet"
					onClick={() => void reviewed(a)}
					aria-label={`${t("a.article.review.now")}: ${a.version.title}`}
				>
					{t("a.article.review.now")}
				</Button>
			),
		},
	];
	return (
		<Table
			label={t("a.articles")}
			rows={list}
			id={(a) => a.id}
			dim={(a) => a.status === "archived"}
			columns={[
				{
					id: "title",
					label: t("a.article.title"),
					grow: true,
					cell: (a) => (
						<>
							<a
								href={`#/articles/${a.id}`}
								onClick={(e) => {
									e.preventDefault();
									void go("articles", a.id);
								}}
							>
								<bdi>{a.version.title}</bdi>
							</a>
							{a.version.summary && (
								<small class="under">
									<bdi>{a.version.summary}</bdi>
								</small>
							)}
						</>
					),
				},
				{ id: "state", label: t("a.state"), cell: (a) => <StateBadge a={a} /> },
				{ id: "who", label: t("a.article.visibility"), cell: (a) => t(`a.article.${a.visibility || "public"}`) },
				{ id: "solved", label: t("a.articles.solved"), cell: (a) => <Solved a={a} /> },
				{ id: "at", label: t("a.changed"), cell: (a) => <When at={a.updated_at} /> },
				...(due ? more : []),
			]}
		/>
	);
}
