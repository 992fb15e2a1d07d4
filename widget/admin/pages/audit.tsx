import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, pick, t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { api, Badge, Button, Empty, Icon, Tabs, toast } from "../../kit/ui";
import type { Text } from "../../kit/wire";
import { useLoad, wrong } from "../data";
import { Figure, Head, Loaded, Table, When } from "../parts";

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
type Leaf = {
	n: number;
	at: string;
	role: string;
	change: string;
	from: string;
	to: string;
	reason: string;
	level: string;
};
type Log = { leaves: Leaf[]; next: number };
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
	return (
		<>
			<Head title={t("a.audit")} hint={t("a.audit.hint")} />
			<Tabs
				label={t("a.audit")}
				at={tab}
				onPick={setTab}
				tabs={["changes", "log", "check"].map((id) => ({ id, label: t(`a.audit.${id}`) }))}
			>
				{tab === "changes" && <ChangeList />}
				{tab === "log" && <LogList />}
				{tab === "check" && <Check />}
			</Tabs>
		</>
	);
}

function word(prefix: string, code: string): string {
	return has(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code;
}
export function tone(state: string): "ok" | "wait" | "stop" | "plain" {
	if (["applied", "proven"].includes(state)) return "ok";
	if (["offered", "challenged", "matched", "released", "unsettled", "cooling"].includes(state)) return "wait";
	if (["failed", "disowned"].includes(state)) return "stop";
	return "plain";
}

/** Reads pages of a list that goes back in time. */
function usePages<P extends { next: number }, R>(path: string, of: (page: P) => R[]) {
	const first = useLoad<P>(path);
	const [more, setMore] = useState<P[]>([]);
	useEffect(() => setMore([]), [first.data]);
	const last = more.at(-1) ?? first.data;
	const load = async () => {
		try {
			const page = await api<P>("GET", `${path}&before=${last?.next}`);
			setMore([...more, page]);
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	const rows = [...(first.data ? [first.data] : []), ...more].flatMap(of);
	return { first, rows, more: last && last.next > 0 ? load : undefined };
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
function More({ onMore }: { onMore(): Promise<void> }): JSX.Element {
	return (
		<div class="more">
			<Button onClick={() => void onMore()}>{t("a.more")}</Button>
		</div>
	);
}

function LogList(): JSX.Element {
	const { first, rows, more } = usePages<Log, Leaf>("/v1/audit/log?limit=100", (p) => p.leaves);
	return (
		<Loaded from={first}>
			{() => (
				<>
					{rows.length ? (
						<Table
							label={t("a.audit.log")}
							rows={rows}
							id={(l) => String(l.n)}
							columns={[
								{ id: "n", label: "№", cell: (l) => l.n },
								{ id: "at", label: t("a.when"), cell: (l) => exact(Number(l.at)) },
								{ id: "who", label: t("a.by"), cell: (l) => word("a.actor", l.role) },
								{
									id: "step",
									label: t("a.audit.step"),
									grow: true,
									cell: (l) =>
										l.from === l.to
											? t("a.audit.note")
											: `${l.from ? word("a.change.is", l.from) : "–"} → ${word("a.change.is", l.to)}`,
								},
								{ id: "reason", label: t("a.reason"), cell: (l) => (l.reason ? word("reason", l.reason) : "–") },
								{ id: "change", label: t("a.change"), cell: (l) => <code dir="ltr">{l.change || "–"}</code> },
							]}
						/>
					) : (
						<Empty icon="checks" title={t("a.audit.log.none")} />
					)}
					{more && <More onMore={more} />}
				</>
			)}
		</Loaded>
	);
}

function Check(): JSX.Element {
	const [r, setR] = useState<Report>();
	const [busy, setBusy] = useState(false);
	const run = async () => {
		setBusy(true);
		try {
			setR(await api<Report>("GET", "/v1/audit"));
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
