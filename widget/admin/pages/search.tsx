import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, SelectField, Switch, TextField } from "../../kit/ui";
import { type Box, useLoad, wrong } from "../data";
import { go } from "../guard";
import { Figure, Head, Part, Table } from "../parts";

type Read = { word: string; stop?: boolean; weight: number; as: { word: string; kind: string; weight: number }[] };
type Score = { name: string; value: number; weight: number; adds: number };
type Met = { word: string; as: string; title?: number; asked?: number; hints?: number; body?: number };
type Hit = {
	article: string;
	title: string;
	score: number;
	parts: Score[] | null;
	words: Met[];
	phrasing?: string;
	learned?: boolean;
};
type Answer = { coverage: number; fits: boolean; lower: number; upper: number; words: Read[]; results: Hit[] };

const n2 = (n: number) => n.toFixed(2);

/** The search as a visitor or an agent has it, with every score taken apart. */
export function SearchPage(): JSX.Element {
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes").data?.mailboxes ?? [];
	const [q, setQ] = useState("");
	const [before, setBefore] = useState("");
	const [mailbox, setMailbox] = useState("");
	const [agent, setAgent] = useState(false);
	const [found, setFound] = useState<Answer>();
	const [error, setError] = useState("");
	const run = async () => {
		try {
			setFound(
				await api<Answer>("POST", "/v1/articles/explain", { q: q.trim(), before: before.trim(), mailbox, agent }),
			);
			setError("");
		} catch (e) {
			setError(wrong(e).text);
			setFound(undefined);
		}
	};
	return (
		<>
			<Head title={t("a.search")} hint={t("a.search.hint")} />
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void run();
				}}
			>
				<TextField
					label={t("a.search.q")}
					value={q}
					error={error}
					dir="auto"
					onInput={(e) => setQ(e.currentTarget.value)}
				/>
				<TextField
					label={t("a.search.before")}
					hint={t("a.search.before.hint")}
					value={before}
					dir="auto"
					onInput={(e) => setBefore(e.currentTarget.value)}
				/>
				<SelectField
					label={t("a.mailbox")}
					value={mailbox}
					options={[{ value: "", label: t("a.all") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
					onPick={setMailbox}
				/>
				<Switch label={t("a.search.agent")} hint={t("a.search.agent.hint")} on={agent} onChange={setAgent} />
				<div>
					<Button type="submit" look="main" off={q.trim() ? false : t("a.search.need")}>
						{t("a.search.run")}
					</Button>
				</div>
			</form>
			<p role="status">
				{found && (
					<Badge tone={found.fits ? "ok" : "wait"} icon={found.fits ? "check" : "warn"}>
						{t(found.fits ? "a.search.fits" : "a.search.nothing")}
					</Badge>
				)}
			</p>
			{found && <Found found={found} />}
		</>
	);
}
function Found({ found }: { found: Answer }): JSX.Element {
	return (
		<>
			<div class="figures">
				<Figure
					n={n2(found.coverage)}
					label={t("a.search.coverage", { lower: n2(found.lower), upper: n2(found.upper) })}
				/>
				<Figure n={found.results.length} label={t("a.search.found")} />
			</div>
			<Part title={t("a.search.words")} hint={t("a.search.words.hint")}>
				{found.words.length ? <Words words={found.words} /> : <p class="quiet-text">{t("a.search.words.none")}</p>}
			</Part>
			{found.results.map((r, i) => (
				<Result key={r.article} r={r} at={i + 1} />
			))}
		</>
	);
}
function Words({ words }: { words: Read[] }): JSX.Element {
	return (
		<Table
			label={t("a.search.words")}
			rows={words.map((w, i) => ({ ...w, i }))}
			id={(w) => String(w.i)}
			dim={(w) => Boolean(w.stop)}
			columns={[
				{ id: "word", label: t("a.search.word"), cell: (w) => <bdi>{w.word}</bdi> },
				{ id: "weight", label: t("a.search.weight"), cell: (w) => n2(w.weight) },
				{
					id: "as",
					label: t("a.search.as"),
					grow: true,
					cell: (w) =>
						w.as.length
							? w.as.map((r) => (
									<span key={r.word + r.kind} class="reading">
										<bdi>{r.word}</bdi> <small class="quiet-text">{t(`a.search.kind.${r.kind}`)}</small>{" "}
									</span>
								))
							: t("a.search.as.none"),
				},
			]}
		/>
	);
}
function Result({ r, at }: { r: Hit; at: number }): JSX.Element {
	return (
		<Part title={t("a.search.result", { at, score: n2(r.score) })}>
			<p>
				<a
					href={`#/articles/${r.article}`}
					onClick={(e) => {
						e.preventDefault();
						void go("articles", r.article);
					}}
				>
					<bdi>{r.title}</bdi>
				</a>
			</p>
			{r.phrasing && (
				<p class="quiet-text">
					{t(r.learned ? "a.search.asked" : "a.search.phrasing", { text: `\u2068${r.phrasing}\u2069` })}
				</p>
			)}
			<Table
				label={t("a.search.parts", { title: r.title })}
				rows={r.parts ?? []}
				id={(p) => p.name}
				columns={[
					{ id: "part", label: t("a.search.part"), grow: true, cell: (p) => t(`a.search.part.${p.name}`) },
					{ id: "value", label: t("a.search.value"), cell: (p) => n2(p.value) },
					{ id: "weight", label: t("a.search.weight"), cell: (p) => n2(p.weight) },
					{ id: "adds", label: t("a.search.adds"), cell: (p) => <b>{n2(p.adds)}</b> },
				]}
			/>
			<ul class="lines">
				{r.words.map((w) => (
					<li key={w.word + w.as}>
						<bdi>{w.as}</bdi>{" "}
						<small class="quiet-text">
							{t("a.search.met", { title: w.title ?? 0, asked: w.asked ?? 0, hints: w.hints ?? 0, body: w.body ?? 0 })}
						</small>
					</li>
				))}
			</ul>
		</Part>
	);
}
