import type { JSX } from "preact";
import { t } from "../../kit/i18n";
import { api, Badge, Button, toast } from "../../kit/ui";
import { type Article, type Person, useLoad, wrong } from "../data";
import { Part, Table, When } from "../parts";
import { Solved } from "./articles";

type Saved = { number: number; title: string; by?: string; note?: string; at: number; body?: string };
type Rated = { version: number; solved: boolean; text?: string; at: number };
export type Data = { article: Article; versions: Saved[]; ratings: Rated[] };

/** Every saved text; an older one can be loaded into the editor. */
export function Versions({ data, a, onLoad }: { data: Data; a: Article; onLoad(body: string): void }): JSX.Element {
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
								<bdi>{v.title}</bdi>
								{v.note && (
									<small class="under">
										<bdi>{v.note}</bdi>
									</small>
								)}
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
/** What visitors answered to "Did this help?". */
export function Ratings({ data, a }: { data: Data; a: Article }): JSX.Element {
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
