import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Empty, FormDialog, SelectField, toast } from "../../kit/ui";
import { type Begin, write } from "../begin";
import { type Article, type Box, useLoad, wrong } from "../data";
import { useDraft } from "../draft";
import { go } from "../guard";
import { Head, Last, Loaded, Part, Table, When } from "../parts";

type Gap = {
	text: string;
	wordings: string[];
	asked: number;
	none: number;
	visitors: number;
	article: string;
	title: string;
	locale: string;
	mailbox: string;
	at: number;
	chats: string[];
};
type Finding = {
	why: string;
	article: string;
	title: string;
	shown: number;
	read: number;
	solved: number;
	unsolved: number;
	chatted: number;
	edited_at: number;
	texts: string[];
};
type Report = { gaps: Gap[]; findings: Finding[] };

/** What the help lacks: questions without a good answer, and articles that need an editor. */
export function ReportsPage(): JSX.Element {
	const [days, setDays] = useState("30");
	const [box, setBox] = useState("");
	const [give, setGive] = useState<Gap>();
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes").data?.mailboxes ?? [];
	const report = useLoad<Report>(`/v1/reports?days=${days}&mailbox=${box}`);
	return (
		<>
			<Head title={t("a.reports")} hint={t("a.reports.hint")} />
			<div class="filters">
				<Last days={days} onPick={setDays} />
				<SelectField
					label={t("a.mailbox")}
					bare
					value={box}
					options={[{ value: "", label: t("a.all") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
					onPick={setBox}
				/>
			</div>
			<Loaded from={report}>
				{(d) => (
					<>
						<Part class="wide" title={t("a.gaps")} hint={t("a.gaps.hint")}>
							{d.gaps.length ? (
								<Gaps list={d.gaps} onGive={setGive} />
							) : (
								<Empty icon="check" title={t("a.gaps.none")}>
									<p>{t("a.gaps.none.text")}</p>
								</Empty>
							)}
						</Part>
						<Part class="wide" title={t("a.findings")} hint={t("a.findings.hint")}>
							{d.findings.length ? (
								<Findings list={d.findings} />
							) : (
								<Empty icon="check" title={t("a.findings.none")}>
									<p>{t("a.findings.none.text")}</p>
								</Empty>
							)}
						</Part>
					</>
				)}
			</Loaded>
			{give && <Give gap={give} onClose={() => setGive(undefined)} />}
		</>
	);
}
/** Begins an article with what was asked. */
function fromGap(g: Gap): Begin {
	const { text, wordings, locale, mailbox } = g;
	return { title: text, phrasings: [text, ...wordings], body: "", locale: locale || "en", mailbox, messages: [] };
}
async function fromChat(id: string): Promise<void> {
	try {
		await write((await api<{ draft: Begin }>("GET", `/v1/conversations/${id}/article`)).draft);
	} catch (e) {
		toast(wrong(e).text, "stop");
	}
}
function Gaps({ list, onGive }: { list: Gap[]; onGive(g: Gap): void }): JSX.Element {
	return (
		<Table
			label={t("a.gaps")}
			rows={list}
			id={(g) => g.text}
			columns={[
				{
					id: "text",
					label: t("a.gap.text"),
					grow: true,
					cell: (g) => (
						<span class="asked">
							<bdi>{g.text}</bdi>
							{g.wordings.map((w) => (
								<small key={w} class="block quiet-text">
									<bdi>{w}</bdi>
								</small>
							))}
						</span>
					),
				},
				{ id: "visitors", label: t("a.gap.visitors"), cell: (g) => g.visitors },
				{ id: "asked", label: t("a.gap.asked"), cell: (g) => g.asked },
				{ id: "none", label: t("a.gap.nothing"), cell: (g) => g.none },
				{ id: "near", label: t("a.gap.near"), cell: (g) => (g.article ? <To id={g.article} title={g.title} /> : "–") },
				{ id: "at", label: t("a.gap.at"), cell: (g) => <When at={g.at} /> },
				{
					id: "acts",
					label: t("a.actions"),
					cell: (g) => (
						<span class="acts">
							{g.chats[0] && (
								<Button onClick={() => void fromChat(g.chats[0] ?? "")} aria-label={`${t("a.gap.chat")}: ${g.text}`}>
									{t("a.gap.chat")}
								</Button>
							)}
							<Button look="quiet" onClick={() => void write(fromGap(g))} aria-label={`${t("a.gap.write")}: ${g.text}`}>
								{t("a.gap.write")}
							</Button>
							<Button look="quiet" onClick={() => onGive(g)} aria-label={`${t("a.gap.give")}: ${g.text}`}>
								{t("a.gap.give")}
							</Button>
						</span>
					),
				},
			]}
		/>
	);
}
function To({ id, title }: { id: string; title: string }): JSX.Element {
	return (
		<a
			href={`#/articles/${id}`}
			onClick={(e) => {
				e.preventDefault();
				void go("articles", id);
			}}
		>
			<bdi>{title || t("a.gone")}</bdi>
		</a>
	);
}
function Findings({ list }: { list: Finding[] }): JSX.Element {
	const [why, setWhy] = useState("");
	const reasons = [...new Set(list.map((f) => f.why))];
	const shown = list.filter((f) => !why || f.why === why);
	return (
		<>
			<div class="filters">
				<SelectField
					label={t("a.finding.why")}
					bare
					value={why}
					options={[
						{ value: "", label: t("a.finding.all") },
						...reasons.map((w) => ({ value: w, label: t(`a.finding.${w}`) })),
					]}
					onPick={setWhy}
				/>
			</div>
			<Table
				label={t("a.findings")}
				rows={shown}
				id={(f) => f.why + f.article}
				columns={[
					{
						id: "title",
						label: t("a.pin.article"),
						grow: true,
						cell: (f) => (
							<span class="asked">
								<To id={f.article} title={f.title} />
								{f.texts.map((x) => (
									<small key={x} class="block quiet-text">
										“<bdi>{x}</bdi>”
									</small>
								))}
							</span>
						),
					},
					{
						id: "why",
						label: t("a.finding.why"),
						cell: (f) => <Badge tone={f.why === "low_rated" ? "stop" : "wait"}>{t(`a.finding.${f.why}`)}</Badge>,
					},
					...(["shown", "read", "solved", "unsolved", "chatted"] as const).map((k) => ({
						id: k,
						label: t(`a.deflection.of.${k}`),
						cell: (f: Finding) => f[k],
					})),
					{ id: "edited", label: t("a.finding.edited"), cell: (f) => <When at={f.edited_at} /> },
				]}
			/>
		</>
	);
}
/** Gives a question to an article that answers it: proposed there, for an editor to approve. */
function Give({ gap, onClose }: { gap: Gap; onClose(): void }): JSX.Element {
	const articles = useLoad<{ articles: Article[] }>("/v1/articles").data?.articles ?? [];
	const live = articles.filter((a) => a.status === "published" && a.visibility === "public");
	const d = useDraft({ article: gap.article }, onClose);
	const save = () => {
		if (!d.now.article) return d.refuse({ field: "article", text: t("a.error.article") });
		void d.run(async () => {
			await api("POST", "/v1/phrasings", { article: d.now.article, text: gap.text });
			toast(t("a.gap.given"), "ok");
			onClose();
		});
	};
	return (
		<FormDialog
			title={t("a.gap.give")}
			submit={t("a.gap.give.go")}
			busy={d.busy}
			error={d.rest("article")}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<p>
				“<bdi>{gap.text}</bdi>”
			</p>
			<SelectField
				label={t("a.pin.article")}
				hint={t("a.gap.give.hint")}
				value={d.now.article}
				error={d.at("article")}
				first
				options={[
					{ value: "", label: t("a.pin.article.pick") },
					...live.map((a) => ({ value: a.id, label: a.version.title })),
				]}
				onPick={(article) => d.put({ article })}
			/>
		</FormDialog>
	);
}
