import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { pick, t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { api, Badge, Button, Empty, Icon, Tabs, toast } from "../../kit/ui";
import type { Text } from "../../kit/wire";
import { useLoad, wrong } from "../data";
import { Figure, Head, Loaded, Table, When } from "../parts";
import { Export, LogList, More, type Status, usePages, Verified, word } from "./audit-log";

type Step = { at: number; state: string; role: string; reason?: string; leaf: number };
type Listed = {
	id: string;
	conversation: string;
	kind: string;
	title: Text | null;
	state: string;
	reason?: string;
	level?: string;
	receipt?: string;
	changed_at: number;
	timeline: Step[];
};
type Changes = { changes: Listed[]; next: number };
type Report = {
	ok: boolean;
	leaves: number;
	changes: number;
	applied: number;
	without_proof: number;
	bad: { leaf: number; change: string; what: string }[];
	at: number;
};

/** Every change, every line of the log, and a check of all of it. Nothing here can be edited. */
export function AuditPage(): JSX.Element {
	const [tab, setTab] = useState("changes");
	const status = useLoad<Status>("/v1/audit/status");
	return (
		<>
			<Head title={t("a.audit")} hint={t("a.audit.hint")}>
				{status.data?.export && <Export query="" label={t("a.audit.export")} />}
			</Head>
			{status.data && <Verified s={status.data} />}
			<Tabs
				label={t("a.audit")}
				at={tab}
				onPick={setTab}
				tabs={["changes", "log", "check"].map((id) => ({ id, label: t(`a.audit.${id}`) }))}
			>
				{tab === "changes" && <ChangeList />}
				{tab === "log" && <LogList exports={status.data?.export} />}
				{tab === "check" && <Check onDone={status.reload} />}
			</Tabs>
		</>
	);
}

export function tone(state: string): "ok" | "wait" | "stop" | "plain" {
	if (["applied", "proven"].includes(state)) return "ok";
	if (["offered", "challenged", "matched", "released", "unsettled", "cooling"].includes(state)) return "wait";
	if (["failed", "disowned"].includes(state)) return "stop";
	return "plain";
}

function ChangeList(): JSX.Element {
	const { first, rows, more } = usePages<Changes, Listed>("/v1/changes?limit=50", (p) => p.changes);
	const seen = new Set<string>();
	const list = rows.filter((c) => !seen.has(c.id) && seen.add(c.id));
	return (
		<Loaded from={first}>
			{() => (
				<>
					{list.length ? (
						<Table
							label={t("a.audit.changes")}
							rows={list}
							id={(c) => c.id}
							columns={[
								{
									id: "kind",
									label: t("a.change"),
									grow: true,
									cell: (c) => (
										<details>
											<summary>
												{pick(c.title ?? undefined) || c.kind}
												<small class="under" dir="ltr">
													{c.id}
												</small>
											</summary>
											<ol class="timeline">
												{c.timeline.map((s) => (
													<li key={s.leaf}>
														<b>{word("a.change.is", s.state)}</b>{" "}
														{s.reason && <span>({word("reason", s.reason)})</span>}
														<small>
															{exact(s.at)} · {word("a.actor", s.role)} · {t("a.audit.leaf", { n: s.leaf })}
														</small>
													</li>
												))}
											</ol>
										</details>
									),
								},
								{
									id: "state",
									label: t("a.state"),
									cell: (c) => <Badge tone={tone(c.state)}>{word("a.change.is", c.state)}</Badge>,
								},
								{ id: "reason", label: t("a.reason"), cell: (c) => (c.reason ? word("reason", c.reason) : "–") },
								{ id: "level", label: t("a.level"), cell: (c) => c.level || "–" },
								{
									id: "receipt",
									label: t("a.receipt"),
									cell: (c) => (c.receipt ? <code dir="ltr">{c.receipt}</code> : "–"),
								},
								{ id: "at", label: t("a.changed"), cell: (c) => <When at={c.changed_at} /> },
							]}
						/>
					) : (
						<Empty icon="gate" title={t("a.audit.none")}>
							<p>{t("a.audit.none.text")}</p>
						</Empty>
					)}
					{more && <More onMore={more} />}
				</>
			)}
		</Loaded>
	);
}
function Check({ onDone }: { onDone(): Promise<void> }): JSX.Element {
	const [r, setR] = useState<Report>();
	const [busy, setBusy] = useState(false);
	const run = async () => {
		setBusy(true);
		try {
			setR(await api<Report>("GET", "/v1/audit"));
			void onDone();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		setBusy(false);
	};
	return (
		<div class="check">
			<p class="quiet-text">{t("a.audit.check.text")}</p>
			<div>
				<Button look="main" icon="checks" busy={busy} onClick={() => void run()}>
					{t("a.audit.check.run")}
				</Button>
			</div>
			<div role="status" class="form">
				{r && (
					<>
						<p class={`notice ${r.ok ? "ok" : "stop"}`}>
							<Icon name={r.ok ? "check" : "warn"} />
							<b>{t(r.ok ? "a.audit.ok" : "a.audit.bad")}</b>
						</p>
						<div class="figures">
							<Figure n={r.leaves} label={t("a.audit.leaves")} />
							<Figure n={r.changes} label={t("a.audit.changes")} />
							<Figure n={r.applied} label={t("a.audit.applied")} />
							<Figure n={r.without_proof} label={t("a.audit.bare")} tone={r.without_proof ? "stop" : ""} />
						</div>
						{r.bad.length > 0 && (
							<ul class="lines">
								{r.bad.map((f) => (
									<li key={`${f.leaf}${f.change}${f.what}`}>
										<code dir="ltr">{f.leaf >= 0 ? f.leaf : f.change || "–"}</code>
										<span class="grow">{f.what}</span>
									</li>
								))}
							</ul>
						)}
						<small>{exact(r.at)}</small>
					</>
				)}
			</div>
		</div>
	);
}
