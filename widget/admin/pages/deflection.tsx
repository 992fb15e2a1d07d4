import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { useLoad } from "../data";
import { go } from "../guard";
import { Figure, Head, Last, Loaded, Table } from "../parts";

type Line = {
	article: string;
	title: string;
	shown: number;
	read: number;
	solved: number;
	unsolved: number;
	confirmed: number;
	assumed: number;
	chatted: number;
	sent: number;
};
type Report = {
	sessions: number;
	confirmed: number;
	assumed: number;
	chatted: number;
	waiting: number;
	articles: Line[];
};
const sums = ["sessions", "confirmed", "assumed", "chatted", "waiting"] as const;
const counts = ["shown", "read", "solved", "unsolved", "confirmed", "assumed", "chatted", "sent"] as const;

/** What became of self-help: said yes and only read are never one number. */
export function DeflectionPage(): JSX.Element {
	const [days, setDays] = useState("30");
	const report = useLoad<Report>(`/v1/deflection?days=${days}`);
	return (
		<>
			<Head title={t("a.deflection")} hint={t("a.deflection.hint")} />
			<div class="filters">
				<Last days={days} onPick={setDays} />
			</div>
			<Loaded from={report}>
				{(d) => (
					<>
						<div class="figures">
							{sums.map((k) => (
								<Figure key={k} n={d[k]} label={t(`a.deflection.${k}`)} />
							))}
						</div>
						{d.articles.length > 0 && (
							<Table
								label={t("a.articles")}
								rows={d.articles}
								id={(a) => a.article}
								columns={[
									{
										id: "title",
										label: t("a.article.title"),
										grow: true,
										cell: (a: Line) => (
											<a
												href={`#/articles/${a.article}`}
												onClick={(e) => {
													e.preventDefault();
													void go("articles", a.article);
												}}
											>
												<bdi>{a.title || t("a.gone")}</bdi>
											</a>
										),
									},
									...counts.map((k) => ({ id: k, label: t(`a.deflection.of.${k}`), cell: (a: Line) => a[k] })),
								]}
							/>
						)}
					</>
				)}
			</Loaded>
		</>
	);
}
