import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { has, pick, t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { api, Badge, Button, Dialog, Empty, Icon, SelectField, TextField, toast } from "../../kit/ui";
import {
	type Host,
	type Kind,
	type Last,
	may,
	type Person,
	type Source,
	useLoad,
	type Verification,
	type Wrong,
	wrong,
} from "../data";
import { ask } from "../guard";
import { Copy, Head, Loaded, Part, Table, When } from "../parts";

/** The gate as the files have it. The only thing that changes here is that a kind is off. */
export function VerificationPage(): JSX.Element {
	const gate = useLoad<Verification>("/v1/verification", 10_000);
	const [making, setMaking] = useState(false);
	return (
		<>
			<Head title={t("a.verification")} hint={t("a.verification.hint")} />
			<Loaded from={gate}>
				{(v) => (
					<>
						{v.off && (
							<p class="banner wait" role="status">
								<Icon name="warn" />
								<span>
									<b>{t("a.gate.off")}</b> <code dir="ltr">{v.off}</code>
								</span>
							</p>
						)}
						<Kinds v={v} reload={gate.reload} />
						<Sources v={v} reload={gate.reload} onNew={() => setMaking(true)} />
						<Hosts hosts={v.hosts} />
						{v.policy && (
							<p class="hint">
								{t("a.gate.policy")} <code dir="ltr">{v.policy}</code>
							</p>
						)}
						{making && <NewSource hosts={v.hosts} onClose={() => setMaking(false)} />}
					</>
				)}
			</Loaded>
		</>
	);
}

function Kinds({ v, reload }: { v: Verification; reload(): Promise<void> }): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const turn = async (k: Kind, off: boolean) => {
		const title = pick(k.title);
		const sure = await ask(
			off
				? {
						title: t("a.kind.off.title", { kind: title }),
						text: t("a.kind.off.text"),
						action: t("a.kind.off"),
						stop: true,
					}
				: {
						title: t("a.kind.on.title", { kind: title }),
						text: t("a.kind.on.text"),
						action: t(loosens(k)),
					},
		);
		if (!sure) return;
		try {
			await api("PUT", `/v1/verification/kinds/${k.name}`, { off });
			toast(t(off ? "a.kind.off.done" : "a.kind.on.done"), "ok");
			await reload();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	return (
		<Part title={t("a.kinds")} hint={t("a.kinds.hint")} class="wide">
			{v.kinds.length ? (
				<Table
					label={t("a.kinds")}
					rows={v.kinds}
					id={(k) => k.name}
					dim={(k) => k.state !== "on"}
					columns={[
						{
							id: "kind",
							label: t("a.kind"),
							grow: true,
							cell: (k) => (
								<>
									{pick(k.title)}
									<small class="under" dir="ltr">
										{k.name} · {k.host}
									</small>
								</>
							),
						},
						{ id: "tier", label: t("a.kind.tier"), cell: (k) => `${t(`a.tier.${k.tier}`)} (${k.needs})` },
						{
							id: "way",
							label: t("a.kind.way"),
							cell: (k) => t(k.guide ? (k.assisted ? "a.kind.both" : "a.kind.guide") : "a.kind.offer"),
						},
						{ id: "state", label: t("a.state"), cell: (k) => <KindState k={k} people={people.data?.agents ?? []} /> },
						{ id: "acts", label: t("a.actions"), cell: (k) => <KindAct k={k} onTurn={turn} /> },
					]}
				/>
			) : (
				<Empty icon="gate" title={t("a.kinds.none")}>
					<p>{t("a.kinds.none.text")}</p>
				</Empty>
			)}
		</Part>
	);
}
function KindState({ k, people }: { k: Kind; people: Person[] }): JSX.Element {
	if (k.state === "on")
		return (
			<Badge tone="ok" icon="check">
				{t("a.kind.is.on")}
			</Badge>
		);
	const who = (id: string | undefined) => people.find((p) => p.id === id)?.name ?? "–";
	const s = k.switch;
	return (
		<>
			<Badge tone="stop" icon="stop">
				{t(`a.kind.is.${k.state}`)}
			</Badge>
			{s && (
				<small class="under">
					{s.on_at
						? t("a.kind.waits", { at: exact(s.on_at) })
						: s.asked_by
							? t("a.kind.asked", { name: who(s.asked_by) })
							: t("a.kind.by", { name: who(s.off_by), at: exact(s.off_at) })}
				</small>
			)}
		</>
	);
}
function KindAct({ k, onTurn }: { k: Kind; onTurn(k: Kind, off: boolean): Promise<void> }): JSX.Element | null {
	if (!may("settings")) return null;
	const name = pick(k.title);
	if (k.state === "on")
		return (
			<Button look="quiet" onClick={() => void onTurn(k, true)} aria-label={`${t("a.kind.off")}: ${name}`}>
				{t("a.kind.off")}
			</Button>
		);
	if (k.state === "off") return <small>{t("a.kind.infile")}</small>;
	if (k.switch?.on_at)
		return (
			<Button look="quiet" onClick={() => void onTurn(k, true)} aria-label={`${t("a.kind.keep")}: ${name}`}>
				{t("a.kind.keep")}
			</Button>
		);
	return (
		<Button
			look="quiet"
			off={k.act ? false : t("a.kind.recent")}
			onClick={() => void onTurn(k, false)}
			aria-label={`${t(loosens(k))}: ${name}`}
		>
			{t(loosens(k))}
		</Button>
	);
}
/** The words for what a press would be. */
function loosens(k: Kind): string {
	if (k.act === "again") return "a.kind.again";
	return k.act === "agree" || (!k.act && k.switch?.asked_by) ? "a.kind.agree" : "a.kind.on";
}

/** What a reason means; at a provider of logins it is often the provider that is to blame. */
function reason(code: string, adapter = ""): string {
	if (adapter === "oidc" && has(`a.reason.provider.${code}`)) return t(`a.reason.provider.${code}`);
	return has(`a.reason.${code}`) ? t(`a.reason.${code}`) : code;
}
function Sources({ v, reload, onNew }: { v: Verification; reload(): Promise<void>; onNew(): void }): JSX.Element {
	const [busy, setBusy] = useState("");
	const test = async (s: Source) => {
		setBusy(s.name);
		try {
			const { last } = await api<{ last: Last }>("POST", `/v1/verification/sources/${s.name}/test`, {});
			if (last.reason) toast(t("a.source.test.no", { why: reason(last.reason) }), "stop");
			else toast(t("a.source.test.ok"), "ok");
			await reload();
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
		setBusy("");
	};
	return (
		<Part title={t("a.sources")} hint={t("a.sources.hint")} class="wide">
			{v.sources.length ? (
				<Table
					label={t("a.sources")}
					rows={v.sources}
					id={(s) => s.name}
					columns={[
						{
							id: "source",
							label: t("a.source"),
							grow: true,
							cell: (s) => (
								<>
									{s.name}
									<small class="under" dir="ltr">
										{s.url}
									</small>
								</>
							),
						},
						{ id: "host", label: t("a.host"), cell: (s) => s.host },
						{ id: "adapter", label: t("a.source.adapter"), cell: (s) => s.adapter },
						{ id: "last", label: t("a.source.last"), cell: (s) => <LastSeen last={s.last} adapter={s.adapter} /> },
						{
							id: "acts",
							label: t("a.actions"),
							cell: (s) =>
								may("settings") && s.test ? (
									<Button
										look="quiet"
										busy={busy === s.name}
										onClick={() => void test(s)}
										aria-label={`${t("a.source.test")}: ${s.name}`}
									>
										{t("a.source.test")}
									</Button>
								) : null,
						},
					]}
				/>
			) : (
				<p class="quiet-text">{t("a.sources.none")}</p>
			)}
			{may("settings") && (
				<div>
					<Button icon="plus" onClick={onNew} off={v.hosts.length ? false : t("a.source.nohost")}>
						{t("a.source.new")}
					</Button>
				</div>
			)}
		</Part>
	);
}
function LastSeen({ last, adapter }: { last?: Last; adapter: string }): JSX.Element {
	if (!last) return <span class="quiet-text">{t("a.source.never")}</span>;
	const bad = last.reason && last.reason !== "event.not_login"; // of those most providers send many
	return (
		<>
			<Badge tone={bad ? "stop" : "ok"} icon={bad ? "warn" : "check"}>
				{last.reason ? reason(last.reason, adapter) : t(last.test ? "a.source.tested" : "a.source.taken")}
			</Badge>
			<small class="under">
				<When at={last.at} />
			</small>
		</>
	);
}

function Hosts({ hosts }: { hosts: Host[] }): JSX.Element {
	return (
		<Part title={t("a.hosts")} hint={t("a.hosts.hint")} class="wide">
			{!hosts.length && <p class="quiet-text">{t("a.hosts.none")}</p>}
			{hosts.map((h) => (
				<dl class="facts" key={h.name} aria-label={h.name}>
					<dt>{t("a.host")}</dt>
					<dd>
						<b>{h.name}</b>
					</dd>
					{(["audience", "site", "verify_url", "delivery_url", "recovery_url"] as const).map((k) => (
						<>
							<dt key={`${k}-t`}>{t(`a.host.${k}`)}</dt>
							<dd key={k} dir="ltr">
								{h[k] || "–"}
							</dd>
						</>
					))}
					<dt>{t("a.host.sessions")}</dt>
					<dd>{t(h.sessions ? "a.yes" : "a.host.sessions.no")}</dd>
				</dl>
			))}
		</Part>
	);
}

type Made = { lines: string; file: string; secret: string; url: string };
/** Lines for the deploy file and a fresh secret: they are in this dialog and nowhere else. */
function NewSource({ hosts, onClose }: { hosts: Host[]; onClose(): void }): JSX.Element {
	const [name, setName] = useState("");
	const [host, setHost] = useState(hosts[0]?.name ?? "");
	const [made, setMade] = useState<Made>();
	const [bad, setBad] = useState<Wrong>();
	const close = async () => {
		if (
			!made ||
			(await ask({ title: t("a.source.leave"), text: t("a.source.leave.text"), action: t("a.source.leave.yes") }))
		)
			onClose();
	};
	const make = async () => {
		try {
			setMade(await api<Made>("POST", "/v1/verification/sources/new", { name: name.trim(), host }));
		} catch (e) {
			const w = wrong(e);
			setBad(
				w.field
					? { ...w, text: w.field === "name" ? t("a.error.source") : w.text }
					: { field: "name", text: t("a.error.source.twice") },
			);
		}
	};
	return (
		<Dialog title={t("a.source.new")} close={t("a.close")} onClose={() => void close()} wide>
			{made ? (
				<div class="form">
					<p class="banner wait">
						<Icon name="lock" />
						<span>{t("a.source.once")}</span>
					</p>
					<h3>{t("a.source.step1")}</h3>
					<Copy label="postern.toml" text={made.lines.trimEnd()} />
					<h3>{t("a.source.step2", { file: made.file })}</h3>
					<Copy label={made.file} text={made.secret} rows={1} />
					<h3>{t("a.source.step3")}</h3>
					<Copy label={t("a.source.url")} text={made.url} rows={1} />
					<div class="actions">
						<Button look="main" onClick={() => void close()}>
							{t("a.done")}
						</Button>
					</div>
				</div>
			) : (
				<form
					class="form"
					onSubmit={(e) => {
						e.preventDefault();
						void make();
					}}
				>
					<p>{t("a.source.new.text")}</p>
					<TextField
						label={t("a.name")}
						hint={t("a.source.name.hint")}
						value={name}
						error={bad?.field === "name" ? bad.text : undefined}
						dir="ltr"
						data-first
						onInput={(e) => setName(e.currentTarget.value)}
					/>
					<SelectField
						label={t("a.host")}
						value={host}
						error={bad?.field === "host" ? bad.text : undefined}
						options={hosts.map((h) => ({ value: h.name, label: h.name }))}
						onPick={setHost}
					/>
					<div class="actions">
						<Button onClick={onClose}>{t("a.cancel")}</Button>
						<Button look="main" type="submit">
							{t("a.source.make")}
						</Button>
					</div>
				</form>
			)}
		</Dialog>
	);
}
