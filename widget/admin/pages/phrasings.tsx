import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Button, Empty, SelectField, toast } from "../../kit/ui";
import { useLoad, wrong } from "../data";
import { go } from "../guard";
import { Head, Loaded, Table, When } from "../parts";

type Asked = {
	id: string;
	article: string;
	title: string;
	text: string;
	count: number;
	sources: { id: string; how: string }[];
	at: number;
};

/** Questions that articles answered, to be approved or rejected, one or many. Nothing counts before. */
export function PhrasingsPage(): JSX.Element {
	const [state, setState] = useState("proposed");
	const list = useLoad<{ phrasings: Asked[] }>(`/v1/phrasings?state=${state}`);
	return (
		<>
			<Head title={t("a.phrasings")} hint={t("a.phrasings.hint")} />
			<div class="filters">
				<SelectField
					label={t("a.state")}
					bare
					value={state}
					options={["proposed", "approved", "rejected"].map((s) => ({ value: s, label: t(`a.phrasings.${s}`) }))}
					onPick={setState}
				/>
			</div>
			<Loaded from={list}>
				{(d) =>
					d.phrasings.length ? (
						<Decide key={state} state={state} list={d.phrasings} reload={list.reload} />
					) : (
						<Empty icon="chat" title={t("a.phrasings.none")}>
							<p>{t("a.phrasings.none.text")}</p>
						</Empty>
					)
				}
			</Loaded>
		</>
	);
}
function Decide({ state, list, reload }: { state: string; list: Asked[]; reload(): Promise<void> }): JSX.Element {
	const [picked, setPicked] = useState<string[]>([]);
	const [busy, setBusy] = useState(false);
	const live = picked.filter((id) => list.some((p) => p.id === id));
	const all = live.length === list.length;
	const decide = async (to: string) => {
		setBusy(true);
		try {
			await api("POST", "/v1/phrasings/decide", { ids: live, state: to });
			setPicked([]);
			toast(t(`a.phrasings.done.${to}`, { n: live.length }), "ok");
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		await reload();
		setBusy(false);
	};
	const need = live.length ? false : t("a.phrasings.need");
	return (
		<>
			<Table
				label={t("a.phrasings")}
				rows={list}
				id={(p) => p.id}
				columns={[
					{
						id: "pick",
						label: t("a.phrasings.pick"),
						cell: (p) => (
							<input
								type="checkbox"
								aria-label={`${t("a.phrasings.pick")}: ${p.text}`}
								checked={live.includes(p.id)}
								onChange={() => setPicked(live.includes(p.id) ? live.filter((x) => x !== p.id) : [...live, p.id])}
							/>
						),
					},
					{ id: "text", label: t("a.phrasings.text"), grow: true, cell: (p) => <bdi>{p.text}</bdi> },
					{
						id: "article",
						label: t("a.pin.article"),
						cell: (p) => (
							<a
								href={`#/articles/${p.article}`}
								onClick={(e) => {
									e.preventDefault();
									void go("articles", p.article);
								}}
							>
								<bdi>{p.title || t("a.gone")}</bdi>
							</a>
						),
					},
					{ id: "count", label: t("a.phrasings.count"), cell: (p) => p.count },
					{
						id: "how",
						label: t("a.phrasings.how"),
						cell: (p) => [...new Set(p.sources.map((s) => s.how))].map((h) => t(`a.phrasings.how.${h}`)).join(", "),
					},
					{ id: "at", label: t("a.changed"), cell: (p) => <When at={p.at} /> },
				]}
			/>
			<div class="save-bar">
				<span class="grow" role="status">
					{t("a.phrasings.picked", { n: live.length })}
				</span>
				<Button look="quiet" onClick={() => setPicked(all ? [] : list.map((p) => p.id))}>
					{t(all ? "a.phrasings.pick.none" : "a.phrasings.pick.all")}
				</Button>
				{state !== "rejected" && (
					<Button busy={busy} off={need} onClick={() => void decide("rejected")}>
						{t("a.phrasings.reject")}
					</Button>
				)}
				{state !== "approved" && (
					<Button look="main" busy={busy} off={need} onClick={() => void decide("approved")}>
						{t("a.phrasings.approve")}
					</Button>
				)}
			</div>
		</>
	);
}
